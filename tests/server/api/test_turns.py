import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.api.turns import MOST, AsyncTurns, Turns
from server.errors import Saturated


def test_one_works_a_few_wait_and_others_are_refused() -> None:
    turns, working, may_end = Turns("Reports"), threading.Semaphore(0), threading.Event()
    at_once: list[int] = []

    def work() -> None:
        with turns.take():
            at_once.append(1)
            working.release()
            may_end.wait(20)
            assert len(at_once) == 1
            at_once.pop()

    with ThreadPoolExecutor(MOST) as threads:
        under_way = [threads.submit(work) for _ in range(MOST)]
        assert working.acquire(timeout=20)
        while turns._places._value:
            pass
        with pytest.raises(Saturated, match="Reports: 8 are under way"), turns.take():
            pass
        may_end.set()
        for each in under_way:
            each.result(20)
    with turns.take():
        pass


def test_who_awaits_may_leave() -> None:
    async def work() -> None:
        turns, at_once, may_end = AsyncTurns("Sets"), list[int](), asyncio.Event()

        async def hold() -> None:
            async with turns.take():
                at_once.append(1)
                await may_end.wait()
                assert len(at_once) == 1
                at_once.pop()

        under_way = [asyncio.ensure_future(hold()) for _ in range(MOST)]
        await asyncio.sleep(0)
        with pytest.raises(Saturated, match="Sets: 8 are under way"):
            await hold()
        under_way.pop().cancel()
        await asyncio.sleep(0)
        under_way.append(asyncio.ensure_future(hold()))
        may_end.set()
        await asyncio.gather(*under_way)

    asyncio.run(asyncio.wait_for(work(), 20))
