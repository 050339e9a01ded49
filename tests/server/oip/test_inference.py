"""From a request to the answers of a real engine: order, partial answers, deadlines, refusals."""

import asyncio
import threading
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest

from server.errors import DeadlineExceeded, EngineUnavailable, NotFound, Saturated, UndecodableImage, UnsupportedImage
from server.oip import inference
from server.oip.infer_request import InferInput, InferRequest, RequestedOutput, take_images
from server.oip.inference import Caller, Inference, answering_model, find_model
from server.oip.tensors import join_elements
from server.serving.budgets import BodyBudget, BodyHold
from server.serving.inspection_pool import SMALL_BYTES
from server.telemetry.metrics import Metrics
from server.types import Prediction
from tests.level_model import level_png
from tests.server.oip.served_app import ServedApp, fill_window

CLASSES = [RequestedOutput("classes")]
SIDE_PX = 1600
LARGE_BYTES = 3 * SIDE_PX * SIDE_PX


def request(*images: bytes, outputs: list[RequestedOutput] = CLASSES, **parameters: int) -> InferRequest:
    return InferRequest([InferInput("image", "BYTES", (len(images),), elements=images)], outputs, parameters=parameters)


def a_hold() -> BodyHold:
    return BodyHold(BodyBudget(1_000_000, Metrics()), "me")


def infer(served: ServedApp, asked: InferRequest) -> dict[str, list[object]]:
    model = find_model(served.service.models, "level")
    reply, _ = served.run(Inference(served.service.settings).infer(model, asked, Caller("r1", "me"), a_hold()))
    assert (reply.model_name, reply.model_version, reply.id) == ("level", "1", "r1")
    assert reply.parameters == {"engine": "stream", "score_type": "probability"}
    return {tensor.name: list(tensor.values()) for tensor, _ in reply.outputs}


def test_each_image_has_its_answer(served: ServedApp) -> None:
    found = infer(served, request(*(level_png(4 * level) for level in range(9))))
    assert found["classes"][::5] == list(range(9))


def test_one_bad_image_fails_all_and_is_named(served: ServedApp) -> None:
    with pytest.raises(UndecodableImage, match="Image 1 of 3, counted from 0: "):
        infer(served, request(level_png(4), level_png(4)[:-20], level_png(8)))
    with pytest.raises(UnsupportedImage, match=r"^The 1 bytes are"):
        infer(served, request(b"x"))


def test_partial_answers(served: ServedApp) -> None:
    found = infer(served, request(level_png(4), b"x", level_png(8), partial=True))
    assert found["classes"][::5] == [1, -1, 2]
    assert [bool(each) for each in found["errors"]] == [False, True, False]
    with pytest.raises(UnsupportedImage):
        infer(served, request(b"x", b"y", partial=True))


def test_the_deadline_is_the_clients(served: ServedApp) -> None:
    with pytest.raises(DeadlineExceeded):
        infer(served, request(*[level_png(4, 1500)] * 8, timeout=1))


def test_a_full_window_refuses(served: ServedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_window(served.service.models.default, monkeypatch)
    with pytest.raises(Saturated):
        infer(served, request(level_png(4)))


def test_cancelling_spares_the_rest(served: ServedApp) -> None:
    model = served.service.models.default

    async def cancelled() -> None:
        works = Inference(served.service.settings).infer(model, request(*[level_png(4, 1500)] * 16), Caller("r1", "me"), a_hold())
        task = asyncio.create_task(works)
        while not model.admission.under_way:  # noqa: ASYNC110
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while model.admission.under_way:  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    served.run(asyncio.wait_for(cancelled(), 20))
    outcomes = {sample.labels["outcome"]: sample.value for each in served.service.metrics.images.collect() for sample in each.samples}
    assert outcomes["abandoned"] > 1


def test_a_reload_between_the_images_mixes_no_versions(served: ServedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    model = find_model(served.service.models, "level")
    other = replace(model.served)
    classify = model.classify

    async def reloaded(*given: Any) -> Prediction:
        monkeypatch.setattr(model.admission, "served", other)
        return await classify(*given)

    monkeypatch.setattr(model, "classify", reloaded)
    with pytest.raises(EngineUnavailable, match="Another version"):
        infer(served, request(level_png(4), level_png(8)))
    assert infer(served, request(level_png(4)))["classes"][0] == 1
    with pytest.raises(EngineUnavailable, match="Another version"):
        served.run(Inference(served.service.settings).infer(model, request(level_png(4)), Caller("r1", "me"), a_hold(), "0"))


def test_names_and_versions(served: ServedApp) -> None:
    models = served.service.models
    assert find_model(models, "level", "1") is find_model(models, "level")
    assert answering_model(models, "level", "1", "r1") is answering_model(models, "level", "", "r1") is models.default
    for name, version in (("other", ""), ("", ""), ("level", "2")):
        with pytest.raises(NotFound):
            find_model(models, name, version)
        with pytest.raises(NotFound):
            answering_model(models, name, version, "r1")


def pixels(side_px: int) -> InferRequest:
    data = memoryview(bytes(3 * side_px * side_px))
    return InferRequest([InferInput("pixels", "UINT8", (1, side_px, side_px, 3), data)], CLASSES)


def raw_picture() -> InferRequest:
    [picture] = take_images(pixels(SIDE_PX), 1, 10**8)
    return InferRequest([InferInput("image", "BYTES", (1,), memoryview(join_elements([picture])))], CLASSES)


def elements() -> InferRequest:
    return request(*take_images(pixels(SIDE_PX), 1, 10**8))


@pytest.mark.parametrize("make", [lambda: pixels(SIDE_PX), raw_picture, elements], ids=["pixels", "raw", "elements"])
def test_an_image_under_way_is_held_once(served: ServedApp, monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    model = find_model(served.service.models, "level")
    held: list[int] = []

    async def measured(*_given: Any) -> Prediction:
        held.append(tracemalloc.get_traced_memory()[0] - before)
        raise Saturated("That is all.")

    monkeypatch.setattr(model, "classify", measured)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    try:
        with pytest.raises(Saturated):
            infer(served, make())
    finally:
        tracemalloc.stop()
    assert LARGE_BYTES < held[0] < 1.5 * LARGE_BYTES


@pytest.mark.parametrize(("side_px", "thread"), [(20, "MainThread"), (591, "MainThread"), (592, "inspection_0")])
def test_where_the_images_are_taken_from_a_request(served: ServedApp, monkeypatch: pytest.MonkeyPatch, side_px: int, thread: str) -> None:
    assert (3 * side_px * side_px > SMALL_BYTES) == (thread != "MainThread")
    seen: list[str] = []

    def noted(*given: Any) -> list[bytes]:
        seen.append(threading.current_thread().name)
        return take_images(*given)

    monkeypatch.setattr(inference, "take_images", noted)
    infer(served, pixels(side_px))
    assert seen == [thread]
