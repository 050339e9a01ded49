"""Metadata and the messages of the vendor's names and numbers."""

import numpy as np
import pytest

from pipelines.cpu.compat import MxpiDataType_pb2 as proto
from pipelines.cpu.elements.frame import (
    Box,
    Boxes,
    Classes,
    ClassResult,
    Foreign,
    PixelFormat,
    Preprocessed,
    TensorPackage,
    TensorPackages,
    Vision,
    Visions,
)
from pipelines.cpu.messages import from_message, to_message

PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def test_a_picture_as_a_message() -> None:
    entry = to_message(Visions((Vision(PIXELS, PixelFormat.RGB888, 5, 0.5, "mxpi_imagedecoder0", 2),))).visionVec[0]
    info, data = entry.visionInfo, entry.visionData
    assert (info.format, info.width, info.height, info.widthAligned, info.heightAligned) == (12, 3, 2, 3, 2)
    assert (info.resizeType, info.keepAspectRatioScaling) == (5, 0.5)
    assert (data.dataSize, data.deviceId, data.memType, data.dataType, data.dataStr) == (18, 0, 3, 0, bytes(range(18)))
    assert [(header.parentName, header.memberId, header.dataSource) for header in entry.headerVec] == [("", 2, "mxpi_imagedecoder0")]
    assert not to_message(Visions((Vision(PIXELS),))).visionVec[0].headerVec


def test_what_was_done_to_a_picture_goes_with_it() -> None:
    done = (Preprocessed(640, 480, "mxpi_imageresize0"), Preprocessed(256, 256, "mxpi_imagecrop0"))
    message = to_message(Visions((Vision(PIXELS, preprocessed=done),)))
    told = [(each.widthSrc, each.heightSrc, each.elementName) for each in message.visionVec[0].visionInfo.preprocessInfo]
    assert told == [(640, 480, "mxpi_imageresize0"), (256, 256, "mxpi_imagecrop0")]
    found = from_message("MxTools.MxpiVisionList", message.SerializeToString())
    assert isinstance(found, Visions)
    assert found.items[0].preprocessed == done


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_picture_comes_back_as_it_was(dtype: type) -> None:
    sent = to_message(Visions((Vision(PIXELS.astype(dtype), source="a", member=1),)))
    found = from_message("MxTools.MxpiVisionList", sent.SerializeToString())
    assert isinstance(found, Visions)
    assert (found.items[0].source, found.items[0].member, found.items[0].format) == ("a", 1, PixelFormat.BGR888)
    np.testing.assert_array_equal(found.items[0].pixels, PIXELS.astype(dtype))


@pytest.mark.parametrize(("dtype", "number"), [("float32", 0), ("float16", 1), ("int8", 2), ("int32", 3), ("uint8", 4), ("int64", 9)])
def test_tensors_both_ways(dtype: str, number: int) -> None:
    array = np.array([[1, 2, 3]], dtype)
    message = to_message(TensorPackages((TensorPackage((array,), "mxpi_imageresize0", 0),)))
    tensor = message.tensorPackageVec[0].tensorVec[0]
    assert (list(tensor.tensorShape), tensor.tensorDataType, tensor.tensorDataSize) == ([1, 3], number, array.nbytes)
    found = from_message("MxTools.MxpiTensorPackageList", message.SerializeToString())
    assert isinstance(found, TensorPackages)
    np.testing.assert_array_equal(found.items[0].arrays[0], array)


def test_classes_and_boxes() -> None:
    message = to_message(Classes((ClassResult(3, "cat", 0.5, "mxpi_tensorinfer0", 1),)))
    entry = message.classVec[0]
    assert (entry.classId, entry.className, entry.confidence, entry.headerVec[0].memberId) == (3, "cat", 0.5, 1)
    objects = proto.MxpiObjectList()
    objects.objectVec.add(x0=1, y0=2, x1=3, y1=4)
    assert from_message("MxTools.MxpiObjectList", objects.SerializeToString()) == Boxes((Box(1, 2, 3, 4),))
    assert to_message(Boxes(())) is None


def test_other_messages_are_kept() -> None:
    sent = proto.MxpiFrameInfo(channelId=4)
    found = from_message("MxTools.MxpiFrameInfo", sent.SerializeToString())
    assert isinstance(found, Foreign)
    assert to_message(found).channelId == 4


@pytest.mark.parametrize(("kind", "data"), [("MxTools.Nope", b""), ("MxpiVisionList", b""), ("MxTools.MxpiVisionList", b"\xff"), ("", b"")])
def test_what_is_no_message_is_refused(kind: str, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"unknown message type|are not a valid MxTools"):
        from_message(kind, data)
