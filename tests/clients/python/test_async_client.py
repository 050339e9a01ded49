import asyncio
from pathlib import Path

import pytest
from ascend_classify_client import Answer, AsyncClient, Evaluation, Refused, Retries, Unreachable

from tests.level_model import CLASSES, level_png
from tests.server.evaluation.level_sets import make_level_set
from tests.server.process import ServerProcess


def test_many_at_once_are_each_answered_with_their_own(server: ServerProcess) -> None:
    async def ask() -> list[Answer]:
        async with AsyncClient(server.url) as client:
            return await asyncio.gather(*(client.classify(level_png(4 * place), top_k=1) for place in range(CLASSES)))

    assert [answer.best.class_id for answer in asyncio.run(ask())] == list(range(CLASSES))


def test_a_full_server_is_asked_again(store: Path) -> None:
    async def ask(url: str) -> list[Answer]:
        async with AsyncClient(url, retries=Retries(attempts=60, first_wait_s=0.05)) as client:
            return await asyncio.gather(*(client.classify(level_png(40), top_k=1) for _ in range(24)))

    with ServerProcess(model_store=store, model="level", window=1) as server:
        assert {answer.best.class_id for answer in asyncio.run(ask(server.url))} == {10}
        assert server.metric("classify_http_requests_total", code="429") > 0


def test_batch_evaluation_and_the_server_itself(server: ServerProcess, tmp_path: Path) -> None:
    made = make_level_set(tmp_path / "set", 40)
    seen, done = list[Evaluation](), list[int]()

    async def ask() -> None:
        async with AsyncClient(server.url) as client:
            assert await client.is_ready()
            assert (await client.info())["model"] == "level"
            images = sorted(made.folder.glob("*.png"))[:5]
            outcomes = await client.classify_batch(images, batch_size=2, progress=done.append)
            assert all(isinstance(outcome, Answer) for outcome in outcomes)
            assert (await client.evaluate(made.folder, progress=seen.append))["accuracy"]["top1"]["correct"] == made.correct
            assert (await client.cancel_evaluation(seen[0].id)).state == "finished"
            with pytest.raises(Refused, match="404"):
                await client.resume_evaluation(seen[0].id)

    asyncio.run(ask())
    assert done == [2, 4, 5]


def test_no_server() -> None:
    async def ask() -> None:
        async with AsyncClient("http://127.0.0.1:9", retries=Retries(attempts=2, first_wait_s=0)) as client:
            assert not await client.is_ready()
            await client.info()

    with pytest.raises(Unreachable, match="does not answer"):
        asyncio.run(ask())
