"""Messages of several megabytes: taken apart beside the loop, and held once while their images are under way."""

import asyncio
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from grpc import StatusCode

from server.errors import Saturated
from server.grpc import inference_service
from server.grpc import open_inference_pb2 as messages
from server.grpc.infer_messages import read_asked
from server.grpc.inference_service import SERVICE
from server.serving.inspection_pool import SMALL_BYTES
from tests.server.grpc.served_grpc import ServedGrpc, infer_message

INFER, STREAM = f"/{SERVICE}/ModelInfer", f"/{SERVICE}/ModelStreamInfer"
SIDE_PX = 1600
LARGE_BYTES = 3 * SIDE_PX * SIDE_PX


def pixels(side_px: int) -> bytes:
    message = messages.ModelInferRequest(model_name="level", id="7", raw_input_contents=[bytes(3 * side_px * side_px)])
    message.inputs.add(name="pixels", datatype="UINT8", shape=[1, side_px, side_px, 3])
    message.outputs.add(name="classes")
    return bytes(message.SerializeToString())


def picture(*, raw: bool) -> bytes:
    """A message with one BMP of black pixels."""
    head = b"BM" + (54 + LARGE_BYTES).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little") + (40).to_bytes(4, "little")
    head += SIDE_PX.to_bytes(4, "little") * 2 + (1).to_bytes(2, "little") + (24).to_bytes(2, "little") + bytes(24)
    message = infer_message(messages.ModelInferRequest, [head + bytes(LARGE_BYTES)], raw=raw, outputs=("classes",))
    return bytes(message.SerializeToString())


MESSAGES = {"pixels": pixels(SIDE_PX), "raw": picture(raw=True), "typed": picture(raw=False)}
REFUSED = {"no such model": MESSAGES["raw"].replace(b"\x05level", b"\x05other"), "no message": b"\x0b" + MESSAGES["raw"]}
TOLD = {"no such model": "7: There is no model 'other' here", "no message": ": The message has a field"}


@pytest.fixture
def held(served: ServedGrpc, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The bytes of Python's objects when an image is under way, which then is refused."""
    found: list[int] = []

    async def measured(*_given: Any) -> None:
        found.append(tracemalloc.get_traced_memory()[0] - before)
        raise Saturated("That is all.")

    monkeypatch.setattr(served.app.service.models.default, "classify", measured)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    yield found
    tracemalloc.stop()


@pytest.mark.parametrize("form", MESSAGES)
def test_an_image_under_way_is_held_once(served: ServedGrpc, held: list[int], form: str) -> None:
    assert served.code("ModelInfer", MESSAGES[form])[0] is StatusCode.RESOURCE_EXHAUSTED
    assert LARGE_BYTES < held[0] < 1.5 * LARGE_BYTES


@pytest.mark.parametrize("form", MESSAGES | REFUSED)
def test_a_stream_keeps_no_message_that_is_answered(served: ServedGrpc, held: list[int], form: str) -> None:
    async def streamed() -> str:
        async with served.channel() as channel:
            call = channel.stream_stream(STREAM)()
            await call.write((MESSAGES | REFUSED)[form])
            reply = messages.ModelStreamInferResponse.FromString(await call.read())
            while tracemalloc.get_traced_memory()[0] > LARGE_BYTES / 4:  # noqa: ASYNC110 - a thread holds it for a moment
                await asyncio.sleep(0.01)
            call.cancel()
            return f"{reply.infer_response.id}: {reply.error_message}"

    assert served.run(streamed()).startswith(TOLD.get(form, "7: That is all."))
    assert all(LARGE_BYTES < each < 1.5 * LARGE_BYTES for each in held)


@pytest.mark.parametrize(("side_px", "thread"), [(20, "MainThread"), (592, "inspection_0")])
def test_where_a_message_is_read(served: ServedGrpc, monkeypatch: pytest.MonkeyPatch, side_px: int, thread: str) -> None:
    message = pixels(side_px)
    assert (len(message) > SMALL_BYTES) == (thread != "MainThread")
    seen: list[str] = []

    def noted(*given: Any) -> Any:
        seen.append(threading.current_thread().name)
        return read_asked(*given)

    monkeypatch.setattr(inference_service, "read_asked", noted)
    reply = served.ask("ModelInfer", message, messages.ModelInferResponse)
    assert reply.id == "7"
    assert seen == [thread]
