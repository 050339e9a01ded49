import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from ascend_classify_client import Answer, Client, ImageError, Refused, Retries
from ascend_classify_client.batches import BATCH_BYTES, classify_batch
from ascend_classify_client.exchange import Ask, Reply, Wait

from tests.level_model import level_png
from tests.server.process import ServerProcess

ANSWER = {"model": "m", "version": "1", "engine": "e", "score_type": "logit", "predictions": [{"class_id": 0, "label": "a", "score": 1}]}
FULL = Reply(429, body=b'{"error": "full", "code": "saturated"}')
LARGE = Reply(413, body=b'{"error": "large", "code": "body_too_large"}')


def noise_png(side_px: int) -> bytes:
    """About three bytes a pixel."""
    return cv2.imencode(".png", np.random.default_rng(1).integers(0, 256, (side_px, side_px, 3), np.uint8))[1].tobytes()


def reply(*codes: str) -> Reply:
    """An answer for each image, or an error where a code stands."""
    return Reply(200, body=json.dumps({"results": [{"error": "e", "code": code} if code else ANSWER for code in codes]}).encode())


def course(
    images: Sequence[bytes | Path], replies: Sequence[Reply], attempts: int = 3, size_bytes: int = 100
) -> tuple[list[str], list[bytes | float]]:
    """The code of each outcome, and what was sent and waited for if these replies come."""
    retries = Retries(attempts=attempts, first_wait_s=1)
    plan = classify_batch(images, {}, retries, 4, size_bytes, None)
    coming, steps = iter(replies), list[bytes | float]()
    try:
        step: Ask | Wait = next(plan)
        while True:
            steps.append(step.seconds if isinstance(step, Wait) else b" ".join(data for _, (_, data) in step.body().parts))
            step = plan.send(Reply(0) if isinstance(step, Wait) else next(coming))
    except StopIteration as end:
        return [each.code if isinstance(each, ImageError) else "" for each in end.value], steps


def test_a_request_has_no_more_bytes_than_the_server_takes(tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(b"c" * 60)
    images: list[bytes | Path] = [b"a" * 60, b"b" * 40, tmp_path / "c", b"d" * 101, b"e", b"f", b"g", b"h", b"i"]
    sent = [b"a" * 60 + b" " + b"b" * 40, b"c" * 60, b"d" * 101, b"e f g h", b"i"]
    assert course(images, [reply("", ""), reply(""), reply(""), reply("", "", "", ""), reply("")]) == ([""] * 9, sent)


def test_a_request_is_sent_as_soon_as_it_is_full() -> None:
    def images() -> Iterator[bytes]:
        yield from (b"a", b"b", b"c", b"d")
        raise AssertionError("another image is wanted")

    plan = classify_batch(images(), {}, Retries(), 4, BATCH_BYTES, None)
    assert isinstance(next(plan), Ask)


def test_what_is_too_large_is_sent_in_halves() -> None:
    found = course([b"a", b"b", b"c"], [LARGE, reply(""), LARGE, LARGE, reply("")])
    assert found == (["", "body_too_large", ""], [b"a b c", b"a", b"b c", b"b", b"c"])
    assert course([b"a"], [Reply(413, body=b"<html>")])[0] == ["body_too_large"]


def test_what_had_no_place_is_sent_again_without_the_others() -> None:
    first = reply("saturated", "", "engine_unavailable", "unsupported_image")
    found = course([b"a", b"b", b"c", b"d"], [first, reply("saturated", ""), reply("")])
    assert found == (["", "", "", "unsupported_image"], [b"a b c d", 1, b"a c", 2, b"a"])


@pytest.mark.parametrize("end", [[reply("saturated")], [FULL]])
def test_until_the_attempts_are_used_up(end: list[Reply]) -> None:
    assert course([b"a", b"b"], [FULL, reply("", "saturated"), *end]) == (["", "saturated"], [b"a b", 1, b"a b", 2, b"b"])


def test_another_refusal_ends_it() -> None:
    with pytest.raises(Refused, match="401"):
        course([b"a", b"b"], [reply("", "saturated"), Reply(401)])


@pytest.mark.smoke
def test_photos_of_a_megabyte(server: ServerProcess) -> None:
    photo = noise_png(600)
    assert 32 * len(photo) > 1.5 * 20 * 1024 * 1024
    done = list[int]()
    with Client(server.url, retries=Retries(attempts=60, first_wait_s=0.05, longest_wait_s=0.5)) as client:
        outcomes = client.classify_batch([photo] * 32, progress=done.append)
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert done == [15, 30, 32]


def test_a_server_that_takes_less(store: Path) -> None:
    images = [level_png(40), noise_png(100), noise_png(200), noise_png(100)]
    with ServerProcess(model_store=store, model="level", max_body_bytes=40_000) as server, Client(server.url) as client:
        outcomes = client.classify_batch(images)
        sent = server.metric("classify_http_requests_total", code="413")
    assert [each.code if isinstance(each, ImageError) else "" for each in outcomes] == ["", "", "body_too_large", ""]
    assert isinstance(outcomes[2], ImageError)
    assert "more than 40000 bytes" in outcomes[2].error
    assert sent == 3


def test_a_server_with_few_places(store: Path) -> None:
    images = [level_png(4 * place) for place in range(16)]
    with ServerProcess(model_store=store, model="level", window=2) as server:
        with Client(server.url, retries=Retries(attempts=1)) as client:
            codes = [each.code for each in client.classify_batch(images) if isinstance(each, ImageError)]
        assert 0 < len(codes) < 16
        assert set(codes) == {"saturated"}
        with Client(server.url, retries=Retries(attempts=60, first_wait_s=0.02, longest_wait_s=0.1)) as client:
            outcomes = client.classify_batch(images)
    assert [each.best.class_id for each in outcomes if isinstance(each, Answer)] == list(range(16))
