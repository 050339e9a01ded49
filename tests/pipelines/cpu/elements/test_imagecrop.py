from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.cpu import CpuOptions
from pipelines.cpu.elements.element import ElementContext
from pipelines.cpu.elements.frame import Box, Boxes, Foreign, Frame, Metadata, PixelFormat, Preprocessed, Vision, Visions
from pipelines.cpu.elements.imagecrop import Expansion, ImageCrop, Rectangle, boxes_of_points, points, rectangle
from pipelines.cpu.elements.resize_geometry import Size
from pipelines.cpu.text.spec import parse_stream
from pipelines.pipeline_errors import PipelineError
from tests.pipelines.cpu.pipelines_made import chained, opened, pushed

OPENCV: dict[str, Any] = {"handleMethod": "opencv"}
PIXELS = np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
PICTURE = Visions((Vision(PIXELS), Vision(PIXELS[::-1])))
POINTS: dict[str, Any] = {
    "autoDetectFrame": "0",
    "cropPointx0": "10,1",
    "cropPointy0": "20,1",
    "cropPointx1": "30.9,61",
    "cropPointy1": "40.9,49",
}
UNWANTED: dict[str, Any] = {"resizeHeight": "112", "resizeWidth": "112", "resizeType": "Resizer_KeepAspectRatio_Fit"}
ZOO: dict[str, Any] = {"handleMethod": "opencv", "dataSource": "appsrc1", "dataSourceImage": "mxpi_imageresize0"}
ONE_BOX = Boxes((Box(1, 2, 31, 22),))
INVALID = ' (Code = 1004, Message = "Invalid parameter") '
SIZE = Size(60, 50)
NO_GROWTH = Expansion()


def frame_of(boxes: Metadata | None = None, *, strict: bool = False, picture: Visions | None = PICTURE, **props: Any) -> Frame:
    """The crop behind a decoder that has made the picture."""
    chain = chained(("appsrc", {}), ("mxpi_imagedecoder", OPENCV), ("mxpi_imagecrop", {**OPENCV, **props}), ("appsink", {}))
    spec = parse_stream("s", chain)
    context = ElementContext(spec.elements["mxpi_imagecrop0"], spec, "mxpi_imagedecoder0", CpuOptions(strict=strict))
    metadata: dict[str, Metadata | None] = {"mxpi_imagedecoder0": picture, "ExternalObjects": boxes}
    frame = Frame(b"", 0, {key: value for key, value in metadata.items() if value is not None})
    ImageCrop(context).push(frame)
    return frame


def cropped(frame: Frame) -> tuple[Vision, ...]:
    assert frame.errors == {}
    visions = frame.metadata["mxpi_imagecrop0"]
    assert isinstance(visions, Visions)
    return visions.items


def failure(frame: Frame) -> tuple[int, str]:
    [error] = frame.errors.values()
    return error.code, error.text


def sent(*boxes: tuple[float, float, float, float], strict: bool = False, **props: Any) -> Frame:
    return frame_of(Boxes(tuple(Box(*box) for box in boxes)), strict=strict, dataSource="ExternalObjects", **props)


def test_points_are_cut_off_and_clipped() -> None:
    one, two = cropped(frame_of(**POINTS))
    np.testing.assert_array_equal(one.pixels, PIXELS[20:40, 10:30])
    np.testing.assert_array_equal(two.pixels, PIXELS[1:49, 1:60])
    assert (two.format, two.scaling, two.source, two.member) == (PixelFormat.BGR888, 0.0, "mxpi_imagedecoder0", 1)


def test_resizing_is_not_looked_at_and_recorded() -> None:
    one, _ = cropped(frame_of(**POINTS, **UNWANTED))
    assert (one.pixels.shape, one.resize_type) == ((20, 20, 3), 2)


def test_points_without_the_switch_do_nothing() -> None:
    frame = frame_of(**{**POINTS, "autoDetectFrame": "1"})
    assert (frame.errors, list(frame.metadata)) == ({}, ["mxpi_imagedecoder0"])


@pytest.mark.parametrize("boxes", [None, Foreign(1), Boxes(())], ids=["nothing", "foreign", "none"])
def test_no_boxes_are_no_failure(boxes: Metadata | None) -> None:
    frame = frame_of(boxes, dataSource="ExternalObjects")
    assert frame.errors == {}
    assert "mxpi_imagecrop0" not in frame.metadata


def test_boxes_that_were_sent() -> None:
    one, two = cropped(sent((10, 20, 30, 40), (50, 40, 100, 100)))
    np.testing.assert_array_equal(one.pixels, PIXELS[20:40, 10:30])
    np.testing.assert_array_equal(two.pixels, PIXELS[40:, 50:])
    assert (two.source, two.member) == ("ExternalObjects", 1)


def test_boxes_grow() -> None:
    [grown] = cropped(sent((10, 20, 30, 40), leftExpandRatio="0.25", upExpandRatio="1", rightExpandRatio="0.1", downExpandRatio="1"))
    np.testing.assert_array_equal(grown.pixels, PIXELS[0:50, 5:32])


def test_a_box_without_a_size_is_skipped() -> None:
    [one] = cropped(sent((70, 0, 80, 10), (10, 20, 30, 40)))
    assert (one.pixels.shape, one.member) == ((20, 20, 3), 0)


def test_no_box_with_a_size() -> None:
    wide = f"actual width is {2**32 - 10}. x0(70),y0(0),x1(60),y1(10). Therefore, This box will not be cropped.{INVALID}"
    high = f"actual height is {2**32 - 10}. x0(0),y0(60),x1(10),y1(50). Therefore, This box will not be cropped.{INVALID}"
    code, text = failure(sent((70, 0, 80, 10), (0, 60, 10, 70)))
    assert code == 2001
    assert text == (
        f"The crop width of image No.[0] is out of range [32,8192], {wide}The crop height of image is out of range [6,8192], {high}"
    )


def test_a_box_that_begins_outside_is_clipped() -> None:
    [one] = cropped(sent((-300, -5, 10, 20)))
    np.testing.assert_array_equal(one.pixels, PIXELS[:20, :10])


def test_strictly_it_is_not() -> None:
    [one] = cropped(sent((-128, -5, 10, 20), strict=True))
    np.testing.assert_array_equal(one.pixels, PIXELS[:20, :10])
    code, text = failure(sent((70, 0, 80, 10), (-300, -5, 10, 20), strict=True))
    assert code == 2001
    assert text.endswith('Opencv cropping failed. (Code = 2001, Message = "DVPP: crop fail") ')


def test_strictly_opencv_throws(caplog: pytest.LogCaptureFixture) -> None:
    large = Visions((Vision(np.zeros((300, 400, 3), np.uint8)),))
    frame = frame_of(Boxes((Box(-129, 0, 10, 20),)), strict=True, picture=large, dataSource="ExternalObjects")
    assert failure(frame)[0] == 1002
    assert caplog.records


def test_no_picture() -> None:
    steps = ("GetDeviceDataInfo failed, datasize(0).", "CheckImageIsExisted failed.", "Crop get input data failed.")
    text = "".join(f'{step} (Code = 1001, Message = "General Failed") ' for step in steps)
    assert failure(frame_of(picture=None, **POINTS)) == (1001, text)
    assert failure(pushed(opened(ImageCrop, {**OPENCV, **POINTS}), before=PICTURE)) == (1001, text)


def test_the_processor_of_the_chip_finds_no_memory_of_its_own() -> None:
    mismatch = ' (Code = 11002, Message = "MxPlugins: mismatch the memory type") '
    text = f"Memory type (3) is not device).{mismatch}Crop get input data failed.{mismatch}"
    assert failure(frame_of(**POINTS, handleMethod="ascend")) == (11002, text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("16", [16.0]),
        (" 1, 2.5 ,,3e1,", [1.0, 2.5, 30.0]),
        ("7px", [7.0]),
        ("", []),
        (",", []),
        (",1", []),
        ("1,x", []),
        ("1e39", []),
    ],
)
def test_points(text: str, numbers: list[float]) -> None:
    assert points(text) == numbers


@pytest.mark.parametrize(
    "edges",
    [("1", "1", "2", "2,3"), ("2", "1", "2", "2"), ("0.5", "1", "2", "2"), ("1", "1", "8193", "2"), ("1,5", "1,1", "2,4", "2,2")],
)
def test_one_wrong_point_is_no_box_at_all(edges: tuple[str, str, str, str]) -> None:
    assert boxes_of_points(*edges) == Boxes(())


@given(st.integers(0, 60), st.integers(0, 50), st.integers(0, 100), st.integers(0, 100))
def test_boxes_of_whole_numbers(x0: int, y0: int, x1: int, y1: int) -> None:
    assert rectangle(Box(x0, y0, x1, y1), NO_GROWTH, SIZE) == Rectangle(x0, y0, min(x1, 60), min(y1, 50))


@given(st.builds(Box, *[st.floats()] * 4), st.builds(Expansion, *[st.floats(0, 1)] * 4))
def test_any_box_at_all(box: Box, grow: Expansion) -> None:
    made = rectangle(box, grow, SIZE)
    assert made.x1 <= 60
    assert made.y1 <= 50
    assert all(0 <= side < 2**32 for side in made.size)


@pytest.mark.parametrize(
    "props",
    [
        {"resizeType": "x"},
        {"paddingType": "x"},
        {"cropType": "x"},
        {"handleMethod": "x"},
        {"dataSourceImage": ""},
        {"minDimension": "225"},
        {"parentName": "a", "dataSource": "b"},
    ],
)
def test_properties_that_cannot_be_had(props: dict[str, Any]) -> None:
    with pytest.raises(PipelineError, match=r"^Element 'mxpi_imagecrop0': ") as caught:
        opened(ImageCrop, {**OPENCV, **props})
    assert caught.value.vendor_code == 6003


def paired(picture: Metadata | None, boxes: Boxes | None = ONE_BOX, **props: Any) -> Frame:
    """The frame of the boxes after its pair with that of a picture, under the names of the vendor's model zoo."""
    chain = chained(
        ("appsrc", {}), ("mxpi_imagedecoder", OPENCV), ("mxpi_imageresize", OPENCV), ("mxpi_imagecrop", ZOO | props), ("appsink", {})
    )
    chain["mxpi_imageresize0"]["next"] = "mxpi_imagecrop0:1"
    chain["appsrc1"] = {"factory": "appsrc", "next": "mxpi_imagecrop0:0"}
    spec = parse_stream("s", chain)
    crop = ImageCrop(ElementContext(spec.elements["mxpi_imagecrop0"], spec, "appsrc1", CpuOptions()))
    one, other = Frame(b"", 0, {"appsrc1": boxes} if boxes else {}), Frame(b"", 1, {"mxpi_imageresize0": picture} if picture else {})
    other.stages_s["decode"] = 0.5
    crop.entry(1)(other)
    crop.entry(0)(one)
    return one


@pytest.mark.parametrize("named", ["mxpi_imageresize0", "auto"])
def test_boxes_of_one_input_from_the_picture_of_the_other(named: str) -> None:
    frame = paired(Visions((Vision(PIXELS, preprocessed=(Preprocessed(640, 480, "mxpi_imageresize0"),)),)), dataSourceImage=named)
    [one] = cropped(frame)
    np.testing.assert_array_equal(one.pixels, PIXELS[2:22, 1:31])
    assert (one.source, one.member) == ("appsrc1", 0)
    assert one.preprocessed == ((640, 480, "mxpi_imageresize0"), (60, 50, "mxpi_imagecrop0"))
    assert frame.stages_s["decode"] == 0.5


def test_a_pair_without_picture_or_boxes_passes() -> None:
    for frame in (paired(None), paired(PICTURE, None)):
        assert (frame.errors, "mxpi_imagecrop0" in frame.metadata) == ({}, False)


@pytest.mark.parametrize(
    ("picture", "code", "text"),
    [
        (None, 11003, "Metadata is null. resizeDataSource_(mxpi_imageresize0)."),
        (Foreign(1), 11004, "The type is not MxpiVisionList."),
        (Visions(()), 2001, "MxpiVisionList visionvec is empty."),
    ],
)
def test_points_want_a_picture_of_the_other_input(picture: Metadata | None, code: int, text: str) -> None:
    found, words = failure(paired(picture, **POINTS))
    assert (found, words.startswith(text)) == (code, True)


def test_three_inputs_are_refused_and_a_source_is_no_picture() -> None:
    with pytest.raises(PipelineError) as refused:
        paired(PICTURE, dataSource="auto")
    assert refused.value.vendor_code == 6003
    chain = chained(("appsrc", {}), ("mxpi_imagecrop", ZOO), ("appsink", {}))
    chain |= {f"appsrc{number}": {"factory": "appsrc", "next": f"mxpi_imagecrop0:{number}"} for number in (1, 2)}
    spec = parse_stream("s", chain)
    for inputs in (3, 2):
        element = replace(spec.elements["mxpi_imagecrop0"], inputs=spec.elements["mxpi_imagecrop0"].inputs[:inputs])
        with pytest.raises(PipelineError, match=f"not {inputs} inputs"):
            ImageCrop(ElementContext(replace(element, props={**element.props, "dataSourceImage": "auto"}), spec, "", CpuOptions()))
