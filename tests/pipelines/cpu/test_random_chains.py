"""Random chains of the picture elements do what plain OpenCV and NumPy do, pixel for pixel, or are refused at creation."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cpu import CpuStreamManager
from pipelines.cpu.compat import MxpiDataType_pb2 as proto
from pipelines.cpu.structs import StringVector
from tests.pipelines.cpu.pipelines_made import input_of, text_of

Step = tuple[str, dict[str, Any]]
BGR, RGB = 13, 12
F32 = np.float32


class Refused(Exception):
    """Such a chain cannot be created."""


class Failed(Exception):
    """Such a chain fails this picture."""


@pytest.fixture(scope="module", autouse=True)
def opencv_alone() -> Iterator[None]:
    """Without Intel's library, which rounds otherwise."""
    used = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(False)
    yield
    cv2.ipp.setUseIPP(used)


# --- what chains there are

SIDES = st.integers(1, 90)
IMAGES = st.tuples(SIDES, SIDES, st.integers(0, 2**32 - 1)).map(
    lambda drawn: np.random.default_rng(drawn[2]).integers(0, 256, (drawn[0], drawn[1], 3), np.uint8)
)
TYPES = (
    *("Stretch", "KeepAspectRatio_Short", "KeepAspectRatio_Long", "KeepAspectRatio_Fit", "KeepAspectRatio_FastRCNN", "OnlyPadding"),
    *("Rescale", "Rescale_Double", "MS_Yolov4", "PaddleOCR"),
)
DECODERS = st.fixed_dictionaries(
    {
        "imageFormat": st.sampled_from(("jpg", "jpg", "jpeg", "bmp", "bmp", "bmp", "png")),
        "outputDataFormat": st.sampled_from(("BGR", "RGB")),
        "dataType": st.sampled_from(("uint8", "float32")),
    }
)
RESIZES = st.fixed_dictionaries(
    {
        "resizeType": st.sampled_from(TYPES).map(lambda name: f"Resizer_{name}"),
        "resizeWidth": st.integers(31, 100),
        "resizeHeight": st.integers(5, 100),
        "scaleValue": st.integers(32, 100),
        "minDimension": st.integers(32, 80),
        "maxDimension": st.integers(75, 120),
        "paddingWidth": st.integers(60, 130),
        "paddingHeight": st.integers(60, 130),
        "paddingType": st.sampled_from(("Padding_NO", "Padding_NO", "Padding_RightDown", "Padding_Around")),
        **{f"paddingColor{channel}": st.integers(0, 255) for channel in "BGR"},
    }
)
CENTRE_CROPS = st.fixed_dictionaries({"cropWidth": st.integers(0, 60), "cropHeight": st.integers(1, 60)})
EDGES = st.tuples(st.integers(1, 40), st.integers(1, 100)).map(lambda drawn: (drawn[0], sum(drawn)))


def image_crop(boxes: list[tuple[tuple[int, int], tuple[int, int]]]) -> dict[str, Any]:
    edges = {"x0": [x[0] for x, _ in boxes], "x1": [x[1] for x, _ in boxes], "y0": [y[0] for _, y in boxes], "y1": [y[1] for _, y in boxes]}
    return {"autoDetectFrame": 0} | {f"cropPoint{edge}": ",".join(map(str, values)) for edge, values in edges.items()}


IMAGE_CROPS = st.lists(st.tuples(EDGES, EDGES), min_size=1, max_size=3).map(image_crop)
STEPS = st.one_of(
    st.tuples(st.just("mxpi_imageresize"), RESIZES),
    st.tuples(st.just("mxpi_imageresize"), RESIZES),
    st.tuples(st.just("mxpi_opencvcentercrop"), CENTRE_CROPS),
    st.tuples(st.just("mxpi_imagecrop"), IMAGE_CROPS),
)
CHAINS = st.tuples(DECODERS, st.lists(STEPS, min_size=1, max_size=3)).map(lambda drawn: [("mxpi_imagedecoder", drawn[0]), *drawn[1]])


# --- what they do, written down plainly


def reference(chain: list[Step], image: np.ndarray) -> tuple[int, list[np.ndarray]]:
    """The label and the pictures at the end of a chain; raises Refused or Failed."""
    refuse_if_wrong(chain)
    decoded = decode(image, chain[0][1])
    label, pictures = RGB if chain[0][1]["outputDataFormat"] == "RGB" else BGR, [decoded]
    decoded_label = label
    for factory, props in chain[1:]:
        if factory == "mxpi_imageresize":
            pictures = [pad(resize(picture, props), props, label) for picture in pictures]
        elif factory == "mxpi_opencvcentercrop":
            label, pictures = RGB, [centre(picture, props["cropWidth"], props["cropHeight"]) for picture in pictures]
        else:
            label, pictures = decoded_label, boxes_of(decoded, props)
    return label, pictures


def refuse_if_wrong(chain: list[Step]) -> None:
    for _, props in chain:
        if props.get("imageFormat") == "png" or props.get("cropWidth") == 0 or props.get("minDimension", 0) > props.get("maxDimension", 0):
            raise Refused


def decode(image: np.ndarray, props: dict[str, Any]) -> np.ndarray:
    swapped = props["outputDataFormat"] == "RGB"
    if props["imageFormat"] == "bmp":
        height, width = image.shape[:2]
        image = cv2.resize(image, (math.ceil(width / 16) * 16, math.ceil(height / 2) * 2))
        swapped = not swapped
    return (image[:, :, ::-1] if swapped else image).astype(props["dataType"])


def resize(picture: np.ndarray, props: dict[str, Any]) -> np.ndarray:
    kind, width, height = props["resizeType"].removeprefix("Resizer_"), props["resizeWidth"], props["resizeHeight"]
    if kind not in ("KeepAspectRatio_Short", "KeepAspectRatio_Long") and (width < 32 or height < 6):
        raise Failed
    method = cv2.INTER_LINEAR
    h, w = picture.shape[:2]
    if kind == "MS_Yolov4":
        method = cv2.INTER_NEAREST if h > height and w > width else cv2.INTER_CUBIC if h < height and w < width else cv2.INTER_LINEAR
    for size in sizes(kind, w, h, props):
        if 0 in size:
            raise Failed
        picture = cv2.resize(picture, size, interpolation=method)
    return picture


def sizes(kind: str, w: int, h: int, props: dict[str, Any]) -> list[tuple[int, int]]:
    width, height, low, high = (props[name] for name in ("resizeWidth", "resizeHeight", "minDimension", "maxDimension"))
    if kind in ("Stretch", "MS_Yolov4"):
        return [(width, height)]
    if kind in ("KeepAspectRatio_Short", "KeepAspectRatio_Long"):
        scale = F32(props["scaleValue"]) / F32(min(w, h) if kind.endswith("Short") else max(w, h))
        return [(math.floor(F32(w) * scale), math.floor(F32(h) * scale))]
    if kind == "KeepAspectRatio_Fit":
        return [(width, (2 * h * width + w) // (2 * w))] if height * w > h * width else [((2 * w * height + h) // (2 * h), height)]
    if kind == "KeepAspectRatio_FastRCNN":
        up, side = (low, min(w, h)) if low * max(w, h) <= high * min(w, h) else (high, max(w, h))
        return [(w * up // side, h * up // side)]
    if kind == "PaddleOCR":
        return [(min(width, math.ceil(F32(height) * (F32(w) / F32(h)))), height)]
    if kind == "OnlyPadding":
        return []
    first = rescaled(w, h, width, height)
    short = min(width, height)
    crossing = (first[1] if width > height else first[0]) > short and width != height
    return [first, rescaled(*first, short, short)] if kind == "Rescale_Double" and crossing and 0 not in first else [first]


def rescaled(w: int, h: int, width: int, height: int) -> tuple[int, int]:
    scale = min(F32(max(width, height)) / F32(max(w, h)), F32(min(width, height)) / F32(min(w, h)))
    return math.floor(F32(w) * scale + F32(0.5)), math.floor(F32(h) * scale + F32(0.5))


def pad(picture: np.ndarray, props: dict[str, Any], label: int) -> np.ndarray:
    kind, how = props["resizeType"].removeprefix("Resizer_"), props["paddingType"]
    canvases = {
        "KeepAspectRatio_FastRCNN": (props["maxDimension"], props["maxDimension"]),
        "KeepAspectRatio_Fit": (props["resizeWidth"], props["resizeHeight"]),
        "PaddleOCR": (props["resizeWidth"], props["resizeHeight"]),
    }
    if how == "Padding_NO" and kind not in ("KeepAspectRatio_FastRCNN", "KeepAspectRatio_Fit", "OnlyPadding"):
        return picture
    width, height = canvases.get(kind, (props["paddingWidth"], props["paddingHeight"]))
    h, w = picture.shape[:2]
    if w > width or h > height:
        raise Failed
    canvas = np.empty((height, width, 3), picture.dtype)
    canvas[:] = [props[f"paddingColor{channel}"] for channel in ("BGR" if label == BGR else "RGB")]
    x, y = ((width - w) // 2, (height - h) // 2) if how == "Padding_Around" else (0, 0)
    canvas[y : y + h, x : x + w] = picture
    return canvas


def centre(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    y, x = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    if x < 0 or y < 0:
        raise Failed
    return picture[y : y + height, x : x + width]


def boxes_of(picture: np.ndarray, props: dict[str, Any]) -> list[np.ndarray]:
    edges = [[int(number) for number in props[f"cropPoint{edge}"].split(",")] for edge in ("x0", "y0", "x1", "y1")]
    cut = [picture[y0:y1, x0:x1] for x0, y0, x1, y1 in zip(*edges, strict=True)]
    if not (with_size := [one for one in cut if one.size]):
        raise Failed
    return with_size


# --- the runtime against it


def elements(chain: list[Step]) -> dict[str, Any]:
    made: dict[str, Any] = {"appsrc0": {"factory": "appsrc", "props": {}}}
    for index, (factory, props) in enumerate(chain):
        opencv = {} if factory == "mxpi_opencvcentercrop" else {"handleMethod": "opencv"}
        made[f"{factory}{index}"] = {"factory": factory, "props": opencv | {name: str(value) for name, value in props.items()}}
    made["appsink0"] = {"factory": "appsink", "props": {}}
    names = list(made)
    for name, following in pairwise(names):
        made[name]["next"] = following
    return made


def run(manager: CpuStreamManager, key: str, image: np.ndarray) -> tuple[int, list[np.ndarray]] | None:
    """The label and the pictures the runtime makes, or None for a failed frame."""
    assert manager.SendData(b"chain", 0, input_of(cv2.imencode(".bmp", image)[1].tobytes())) == 0
    keys = StringVector()
    keys.push_back(key.encode())
    answers = list(manager.GetProtobuf(b"chain", 0, keys))
    if not answers:
        return None
    message = proto.MxpiVisionList()
    message.ParseFromString(answers[0].messageBuf)
    pictures = []
    for vision in message.visionVec:
        info, data = vision.visionInfo, vision.visionData
        dtype = np.float32 if data.dataType == proto.MXPI_DATA_TYPE_FLOAT32 else np.uint8
        pictures.append(np.frombuffer(data.dataStr, dtype).reshape(info.height, info.width, 3))
    return message.visionVec[0].visionInfo.format, pictures


@settings(max_examples=80, deadline=None)
@given(CHAINS, IMAGES)
def test_a_chain_gives_what_opencv_gives_or_is_refused(chain: list[Step], image: np.ndarray) -> None:
    made = elements(chain)
    manager = CpuStreamManager()
    manager.InitManager()
    created = manager.CreateMultipleStreams(text_of(chain=made))
    try:
        answer = run(manager, list(made)[-2], image) if created == 0 else None
    finally:
        manager.DestroyAllStreams()
    try:
        label, pictures = reference(chain, image)
    except Refused:
        assert created == 6003
        return
    except Failed:
        assert (created, answer) == (0, None)
        return
    assert created == 0, manager.last_error
    assert answer is not None
    assert (answer[0], len(answer[1])) == (label, len(pictures))
    for got, wanted in zip(answer[1], pictures, strict=True):
        assert got.dtype == wanted.dtype
        np.testing.assert_array_equal(got, wanted)
