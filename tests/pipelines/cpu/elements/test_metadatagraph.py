import json
from typing import Any

import numpy as np
import pytest

from pipelines.cpu.compat import MxpiDataType_pb2 as proto
from pipelines.cpu.elements.frame import (
    Box,
    Boxes,
    Classes,
    ClassResult,
    Foreign,
    Metadata,
    PixelFormat,
    Preprocessed,
    TensorPackage,
    TensorPackages,
    Vision,
    Visions,
)
from pipelines.cpu.elements.metadatagraph import MetadataGraph

DECODER, RESIZE, INFER, POST = "mxpi_imagedecoder0", "mxpi_imageresize0", "mxpi_tensorinfer0", "mxpi_classpostprocessor0"
RESIZED = Vision(np.full((1, 1, 3), 255, np.uint8), PixelFormat.BGR888, 5, 0.35, DECODER, preprocessed=(Preprocessed(3, 2, RESIZE),))


def classified(outputs: int = 1) -> dict[str, Metadata]:
    """The metadata of a frame that has been through a stream."""
    scores = np.array([[1, 2]], np.float32)
    return {
        DECODER: Visions((Vision(np.zeros((2, 3, 3), np.uint8)),)),
        RESIZE: Visions((RESIZED,)),
        INFER: TensorPackages((TensorPackage((scores,) * outputs, RESIZE),)),
        POST: Classes(tuple(ClassResult(number, f"label {number}", scores[0, number], INFER) for number in (1, 0))),
    }


def graph(metadata: dict[str, Metadata], *, headers: bool = False) -> MetadataGraph:
    return MetadataGraph(metadata, headers=headers)


def parsed(text: str) -> Any:
    return json.loads(text)


def test_a_picture_to_the_byte() -> None:
    metadata = classified()
    picture = metadata[RESIZE]
    assert isinstance(picture, Visions)
    address = picture.items[0].pixels.ctypes.data
    noted = (
        '{"cropBottom":0,"cropLeft":0,"cropRight":0,"cropTop":0,"elementName":"mxpi_imageresize0","heightSrc":2,"interpolation":0,'
        '"pasteBottom":0,"pasteLeft":0,"pasteRight":0,"pasteTop":0,"widthSrc":3}'
    )
    assert graph(metadata).list_json(RESIZE) == (
        f'{{"MxpiVision":[{{"visionData":{{"dataPtr":"{address}","dataSize":3,"dataStr":"////","dataType":"MXPI_DATA_TYPE_UINT8",'
        '"deviceId":0,"freeFunc":"0","matPtr":"0","memType":"MXPI_MEMORY_HOST_MALLOC"},"visionInfo":{"format":13,"height":1,'
        f'"heightAligned":1,"keepAspectRatioScaling":0.35,"preprocessInfo":[{noted}],"resizeType":5,"width":1,"widthAligned":1}}}}]}}'
    )


def test_tensors_show_their_address_and_no_bytes() -> None:
    [package] = parsed(graph(classified()).list_json(INFER))["MxpiTensorPackage"]
    [tensor] = package["tensorVec"]
    assert tensor.pop("tensorDataPtr").isdigit()
    assert package == {
        "tensorVec": [
            {
                "dataStr": "",
                "deviceId": 0,
                "freeFunc": "0",
                "memType": "MXPI_MEMORY_HOST_MALLOC",
                "tensorDataSize": 8,
                "tensorDataType": 0,
                "tensorShape": [1, 2],
            }
        ]
    }


def test_all_lists_hang_below_what_they_were_made_of() -> None:
    data = parsed(graph(classified()).json([]))
    assert list(data) == ["MxpiFrameInfo", "MxpiVision"]
    assert data["MxpiFrameInfo"] == [{"channelId": 0, "frameId": 0, "isEos": False}]
    [decoded] = data["MxpiVision"]
    [resized] = decoded["MxpiVision"]
    [package] = resized["MxpiTensorPackage"]
    assert [entry["className"] for entry in package["MxpiClass"]] == ["label 1", "label 0"]
    assert list(resized) == ["MxpiTensorPackage", "visionData", "visionInfo"]


@pytest.mark.parametrize(
    ("keys", "kinds"),
    [
        ((INFER, POST), ["MxpiTensorPackage", "MxpiClass"]),
        ((POST, DECODER), ["MxpiVision", "MxpiClass"]),
        ((POST, "nosuch"), ["MxpiClass"]),
        (("nosuch", "nor this"), []),
    ],
)
def test_of_several_keys_each_hangs_below_its_nearest(keys: tuple[str, ...], kinds: list[str]) -> None:
    level = parsed(graph(classified()).json(keys))
    for kind in kinds:
        assert kind in level
        level = level[kind][0]
    assert not [name for name in level if name.startswith("Mxpi")]


def test_a_second_output_doubles_the_package_and_loses_its_classes_as_with_the_vendor() -> None:
    packages = parsed(graph(classified(outputs=2)).json([INFER, POST]))["MxpiTensorPackage"]
    assert [sorted(package) for package in packages] == [["tensorVec"], ["tensorVec"]]


def test_headers() -> None:
    data = parsed(graph(classified(), headers=True).json([DECODER, RESIZE]))
    [decoded] = data["MxpiVision"]
    assert decoded["headerVec"] == []
    assert decoded["MxpiVision"][0]["headerVec"] == [{"dataSource": DECODER, "memberId": 0, "parentName": ""}]


def test_an_entry_of_an_unknown_parent_is_a_root_and_one_of_a_missing_member_is_lost() -> None:
    metadata: dict[str, Metadata] = {
        "a": Classes((ClassResult(1, "", 1.0, "nosuch"),)),
        "b": Classes((ClassResult(2, "", 1.0, "a", 7),)),
    }
    assert [entry["classId"] for entry in parsed(graph(metadata).json([]))["MxpiClass"]] == [1]
    assert [entry["classId"] for entry in parsed(graph(metadata).list_json("b"))["MxpiClass"]] == [2]


def test_boxes_sent_with_an_image_bear_the_decoders_name() -> None:
    metadata: dict[str, Metadata] = {"appInput": Boxes((Box(1, 2.5, 3, 4),))}
    assert graph(metadata).list_json("appInput") == "{}"
    assert graph(metadata).list_json("ExternalObjects") == '{"MxpiObject":[{"classVec":[],"x0":1,"x1":3,"y0":2.5,"y1":4}]}'


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (
            proto.MxpiObjectList(objectVec=[proto.MxpiObject(x0=0.1, classVec=[proto.MxpiClass(classId=-1, confidence=1e6)])]),
            '{"MxpiObject":[{"classVec":[{"classId":-1,"className":"","confidence":1000000.0,"headerVec":[]}],"x0":0.1,"x1":0,"y0":0,"y1":0}]}',
        ),
        (proto.MxpiFrameInfo(channelId=1), "{}"),
        (proto.MxpiClassList(), "{}"),
    ],
)
def test_messages_that_were_sent(message: Any, text: str) -> None:
    assert graph({"sent": Foreign(message)}).list_json("sent") == text
