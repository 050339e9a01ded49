from typing import Any

import cv2
import numpy as np
import pytest

from pipelines.cpu.elements.frame import Foreign, Frame, PixelFormat, Vision, Visions
from pipelines.cpu.elements.imageresize import ImageResize
from pipelines.pipeline_errors import PipelineError
from tests.pipelines.cpu.pipelines_made import opened, pushed

OPENCV: dict[str, Any] = {"handleMethod": "opencv"}
SIDE_32: dict[str, Any] = {"resizeWidth": "32", "resizeHeight": "32"}
FIT: dict[str, Any] = {"resizeType": "Resizer_KeepAspectRatio_Fit", "resizeWidth": "64", "resizeHeight": "64"}
COLOUR: dict[str, Any] = {"paddingColorB": "1", "paddingColorG": "2.5", "paddingColorR": "3"}
PIXELS = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
WIDTH = "DVPP: image width out of range"


def frame_of(*pictures: Vision, following: tuple[int, int] | None = None, **props: Any) -> Frame:
    element = opened(ImageResize, {**OPENCV, **props})
    element.following_model_size = following
    return pushed(element, before=Visions(pictures))


def resized(*pictures: Vision, following: tuple[int, int] | None = None, **props: Any) -> tuple[Vision, ...]:
    frame = frame_of(*pictures, following=following, **props)
    assert frame.errors == {}
    visions = frame.metadata["mxpi_imageresize0"]
    assert isinstance(visions, Visions)
    return visions.items


def resize(pixels: np.ndarray, width: int, height: int, **props: Any) -> np.ndarray:
    [picture] = resized(Vision(pixels), resizeWidth=str(width), resizeHeight=str(height), **props)
    return picture.pixels


def failure(*pictures: Vision, **props: Any) -> tuple[int, str]:
    [error] = frame_of(*pictures, **props).errors.values()
    return error.code, error.text


def words(code: int, message: str, *texts: str) -> tuple[int, str]:
    return code, "".join(f'{text} (Code = {code}, Message = "{message}") ' for text in (*texts, "Fail to StackMxpiVisionPreProcess."))


@pytest.mark.parametrize(("width", "height"), [(32, 32), (224, 100), (100, 224), (60, 40), (32, 6), (4096, 64)])
def test_stretched_to_exactly_that_size(width: int, height: int) -> None:
    pixels = resize(PIXELS, width, height)
    assert pixels.shape == (height, width, 3)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, cv2.resize(PIXELS, (width, height), interpolation=cv2.INTER_LINEAR))


def test_halves_are_averaged_about_the_centres_of_pixels() -> None:
    halved = resize(PIXELS.repeat(2, 0).repeat(2, 1), 60, 40)
    np.testing.assert_array_equal(halved, PIXELS)


def test_floats_stay_floats() -> None:
    pixels = resize(PIXELS.astype(np.float32), 32, 32, resizeType="Resizer_Stretch")
    assert pixels.dtype == np.float32
    assert np.abs(pixels - resize(PIXELS, 32, 32)).max() <= 1


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (500, 1, 3)])
def test_thin_pictures(shape: tuple[int, ...]) -> None:
    np.testing.assert_array_equal(resize(np.full(shape, 7, np.uint8), 32, 32), np.full((32, 32, 3), 7))


def test_intels_library_is_not_asked_and_stays_as_it_was() -> None:
    used = cv2.ipp.useIPP()
    cubic = resize(PIXELS, 100, 100, resizeType="Resizer_MS_Yolov4")
    assert cv2.ipp.useIPP() == used
    cv2.ipp.setUseIPP(False)
    np.testing.assert_array_equal(cubic, cv2.resize(PIXELS, (100, 100), interpolation=cv2.INTER_CUBIC))
    cv2.ipp.setUseIPP(used)


def test_what_is_recorded_about_a_picture() -> None:
    one, two = resized(Vision(PIXELS), Vision(PIXELS, PixelFormat.RGB888), **FIT)
    assert (one.source, one.member, two.member) == ("before", 0, 1)
    assert (one.format, two.format) == (PixelFormat.BGR888, PixelFormat.RGB888)
    assert (one.resize_type, one.scaling) == (2, float(np.float32(64) / np.float32(60)))


def test_padding_goes_to_the_right_and_below() -> None:
    [picture] = resized(Vision(PIXELS), **FIT, **COLOUR)
    assert picture.pixels.shape == (64, 64, 3)
    np.testing.assert_array_equal(picture.pixels[:43], cv2.resize(PIXELS, (64, 43)))
    assert (picture.pixels[43:] == (1, 2, 3)).all()


def test_padding_around_gives_the_odd_pixel_to_the_end() -> None:
    [picture] = resized(Vision(PIXELS), **FIT, **COLOUR, paddingType="Padding_Around")
    np.testing.assert_array_equal(picture.pixels[10:53], cv2.resize(PIXELS, (64, 43)))
    assert (picture.pixels[:10] == (1, 2, 3)).all()
    assert (picture.pixels[53:] == (1, 2, 3)).all()


def test_the_colour_follows_the_label() -> None:
    [picture] = resized(Vision(PIXELS.astype(np.float32), PixelFormat.RGB888), **FIT, **COLOUR)
    assert (picture.pixels[43:] == (3, 2.5, 1)).all()


def test_a_picture_larger_than_its_padding() -> None:
    expected = words(1004, "Invalid parameter", "OpencvPaddingProcess failed.")
    assert failure(Vision(PIXELS), **SIDE_32, resizeType="Resizer_OnlyPadding") == expected
    assert failure(Vision(PIXELS), resizeWidth="33", resizeHeight="32", paddingType="Padding_Around") == expected


@pytest.mark.parametrize(
    ("props", "side", "code"),
    [
        ({"resizeWidth": "31", "resizeHeight": "31"}, "width(31) of the image is illegal, not in the range [32,4096]", 2020),
        ({"resizeWidth": "40", "resizeHeight": "5"}, "height(5) of the image is illegal, not in the range [6,4096]", 2021),
        ({}, "width(0) of the image is illegal, not in the range [32,4096]", 2020),
        ({"resizeType": "Resizer_KeepAspectRatio_FastRCNN"}, "width(0) of the image is illegal, not in the range [32,4096]", 2020),
        ({"resizeType": "Resizer_OnlyPadding"}, "width(0) of the image is illegal, not in the range [32,4096]", 2020),
    ],
)
def test_what_is_configured_must_be_in_range(props: dict[str, Any], side: str, code: int) -> None:
    message = WIDTH if code == 2020 else "DVPP: image height out of range"
    assert failure(Vision(PIXELS), **props) == words(code, message, f"Output {side}, failed.")


def test_short_and_long_are_not_checked() -> None:
    [short] = resized(Vision(PIXELS), resizeType="Resizer_KeepAspectRatio_Short", scaleValue="80")
    [long] = resized(Vision(PIXELS), resizeType="Resizer_KeepAspectRatio_Long")
    assert (short.pixels.shape, long.pixels.shape) == ((80, 120, 3), (21, 32, 3))


def test_a_missing_size_is_the_models() -> None:
    [picture] = resized(Vision(PIXELS), following=(48, 32), resizeWidth="100")
    assert picture.pixels.shape == (32, 48, 3)
    [picture] = resized(Vision(PIXELS), following=(48, 32), **SIDE_32)
    assert picture.pixels.shape == (32, 32, 3)
    [error] = frame_of(Vision(PIXELS), following=(31, 32)).errors.values()
    assert error.code == 2020


def test_the_processor_of_the_chip_finds_no_memory_of_its_own() -> None:
    mismatch = "MxPlugins: mismatch the memory type"
    assert failure(Vision(PIXELS), **SIDE_32, handleMethod="ascend") == words(11002, mismatch, "Memory type(3) is not dvpp).")


def test_a_side_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    code, text = failure(Vision(np.zeros((1, 1000, 3), np.uint8)), **SIDE_32, resizeType="Resizer_Rescale")
    assert code == 1002
    assert text.startswith("An Exception occurred. Error message: (OpenCV")
    assert caplog.records


def test_more_bytes_than_the_vendor_allocates() -> None:
    expected = words(1004, "Invalid parameter", "Memory malloc failed.", "SetOutputData failed.")
    props: dict[str, Any] = {"resizeType": "Resizer_KeepAspectRatio_Short", "scaleValue": "8192"}
    assert failure(Vision(np.zeros((1, 8192, 3), np.uint8)), **props) == expected


def test_nothing_to_resize_is_no_failure() -> None:
    frame = pushed(opened(ImageResize, OPENCV))
    assert (frame.errors, frame.metadata) == ({}, {})


def test_what_is_no_picture() -> None:
    frame = pushed(opened(ImageResize, OPENCV), before=Foreign(1))
    [error] = frame.errors.values()
    text = 'Not a MxpiVisionList. (Code = 11004, Message = "MxPlugins: protobuf descriptor name mismatch") '
    assert (error.code, error.text) == (11004, text)


@pytest.mark.parametrize(("remove", "left"), [("0", ["before", "mxpi_imageresize0"]), ("1", ["mxpi_imageresize0"])])
def test_what_it_read_can_be_removed(remove: str, left: list[str]) -> None:
    assert list(frame_of(Vision(PIXELS), **SIDE_32, removeParentData=remove).metadata) == left


@pytest.mark.parametrize(
    "props",
    [
        {"resizeType": "Resizer_Nope"},
        {"paddingType": "X"},
        {"minDimension": "225"},
        {"handleMethod": "x"},
        {"parentName": "a", "dataSource": "b"},
    ],
)
def test_properties_that_cannot_be_had(props: dict[str, Any]) -> None:
    with pytest.raises(PipelineError, match=r"^Element 'mxpi_imageresize0': ") as caught:
        opened(ImageResize, {**OPENCV, **SIDE_32, **props})
    assert caught.value.vendor_code == 6003


def test_a_reduced_picture_gets_the_size_of_the_whole_one() -> None:
    """An eighth of 827 is 103.4, rounded to 104: that would be another picture, and another cut from its middle."""
    props: dict[str, Any] = {"resizeType": "Resizer_KeepAspectRatio_Short", "scaleValue": "97"}
    reduced = np.zeros((104, 97, 3), np.uint8)
    [alone], [told] = resized(Vision(reduced), **props), resized(Vision(reduced, full_px=(776, 827)), **props)
    [whole] = resized(Vision(np.zeros((827, 776, 3), np.uint8)), **props)
    assert alone.pixels.shape == (104, 97, 3)
    assert told.pixels.shape == whole.pixels.shape == (103, 97, 3)


@pytest.mark.parametrize(
    ("props", "expected"),
    [
        (SIDE_32, (32, 32)),
        ({"resizeType": "Resizer_KeepAspectRatio_Short", "scaleValue": "48"}, (64, 48)),
        ({"resizeType": "Resizer_OnlyPadding", **SIDE_32}, None),  # nothing is resized
        ({"resizeType": "Resizer_MS_Yolov4", **SIDE_32}, None),  # the nearest pixel of the whole picture
        ({"resizeWidth": "8", "resizeHeight": "8"}, None),  # every frame fails
        ({"handleMethod": "ascend", **SIDE_32}, None),
    ],
)
def test_what_a_decoder_may_reduce_for(props: dict[str, Any], expected: tuple[int, int] | None) -> None:
    element = opened(ImageResize, {**OPENCV, **props})
    assert element.resized_px((800, 600)) == expected
    assert element.resized_px((0, 600)) is None
