"""Which overload is meant."""

from typing import Any

import pytest

from pipelines.cpu import calls
from pipelines.cpu.compat import MxpiDataType_pb2 as proto
from pipelines.cpu.elements.frame import Box, Boxes, Foreign
from pipelines.cpu.structs import MetadataInputVector, MxBufferInput, MxDataInput, MxMetadataInput, MxProtobufIn, RoiBox


def image(data: bytes = b"image", *, box: bool = False) -> MxDataInput:
    made = MxDataInput()
    made.data = data
    if box:
        roi = RoiBox()
        roi.x1, roi.y1 = 10, 20
        made.roiBoxs.push_back(roi)
    return made


def message(key: bytes, kind: bytes = b"MxTools.MxpiFrameInfo", data: bytes = b"") -> MxProtobufIn:
    made = MxProtobufIn()
    made.key, made.type, made.protobuf = key, kind, data
    return made


def test_an_image_by_index_or_by_name() -> None:
    assert calls.send_data((b"s", 0, image())).plugin == 0
    call = calls.send_data((b"s", b"appsrc0", image(box=True)))
    assert (call.stream, call.plugin, call.data, call.boxes) == (b"s", b"appsrc0", b"image", Boxes((Box(0, 0, 10, 20),)))
    assert call.names == (b"", b"appsrc0")


def test_an_image_with_messages() -> None:
    buffer, entry = MxBufferInput(), MxMetadataInput()
    buffer.data, entry.dataSource, entry.dataType = b"image", b"key", b"MxTools.MxpiFrameInfo"
    call = calls.send_data((b"s", b"appsrc0", MetadataInputVector([entry]), buffer))
    assert (call.data, list(call.metadata), call.refusal) == (b"image", ["key"], 0)


@pytest.mark.parametrize(
    "args",
    [
        (),
        (b"s", 0),
        ("s", 0, image()),
        (b"s", 0.5, image()),
        (b"s", 0, b"image"),
        (b"s", 0, image(), 1),
        (b"s", 0, [], MxBufferInput()),
    ],
)
def test_wrong_arguments(args: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match=r"^Wrong number or type of arguments for overloaded function 'StreamManagerApi_SendData'"):
        calls.send_data(args)


@pytest.mark.parametrize(
    ("entries", "refusal"),
    [
        ([], 0),
        ([message(b"a"), message(b"b")], 0),
        ([message(b"a"), message(b"a")], 7010),
        ([message(b"k", b"MxTools.Nope")], 1001),
        ([message(b"k", data=b"\xff")], 1001),
        ([message(b"ErrorInfo")], 1004),
    ],
)
def test_messages_that_are_refused(entries: list[MxProtobufIn], refusal: int) -> None:
    assert calls.send_protobuf((b"s", 0, entries)).refusal == refusal


def test_a_message_arrives() -> None:
    call = calls.send_protobuf((b"s", 0, [message(b"k", data=proto.MxpiFrameInfo(frameId=9).SerializeToString())]))
    found = call.metadata["k"]
    assert isinstance(found, Foreign)
    assert found.message.frameId == 9


def test_fetching() -> None:
    assert calls.get_result((b"s", 0)).timeout_s == 3.0
    assert calls.get_result((b"s", 0, 250)).timeout_s == 0.25
    call = calls.get_result((b"s", b"appsink0", [b"key"], 100))
    assert (call.sink, call.keys, call.timeout_s) == (b"appsink0", (b"key",), 0.1)
    with pytest.raises(TypeError, match="StreamManagerApi_GetProtobuf', argument 4"):
        calls.get_protobuf((b"s", 0, ["key"]))


@pytest.mark.parametrize(
    ("name", "refused"), [(b"a b", False), (b"a  b", True), (b"a\nb", True), (b"a\x7f", True), (b"a\x01b", False), (b"", False)]
)
def test_characters(name: bytes, refused: bool) -> None:
    assert calls.has_refused_character(name) is refused
