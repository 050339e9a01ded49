import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.cpu.elements.frame import Foreign, Frame, Metadata, PixelFormat, Vision, Visions
from pipelines.cpu.elements.opencvcentercrop import OpencvCenterCrop
from pipelines.pipeline_errors import PipelineError
from tests.pipelines.cpu.pipelines_made import opened, pushed

PIXELS = np.random.default_rng(0).integers(0, 256, (9, 12, 3), np.uint8)


def frame_of(pictures: Metadata, width: int = 4, height: int = 4) -> Frame:
    return pushed(opened(OpencvCenterCrop, {"cropWidth": str(width), "cropHeight": str(height)}), before=pictures)


def cropped(*pictures: Vision, width: int = 4, height: int = 4) -> tuple[Vision, ...]:
    frame = frame_of(Visions(pictures), width, height)
    assert frame.errors == {}
    visions = frame.metadata["mxpi_opencvcentercrop0"]
    assert isinstance(visions, Visions)
    return visions.items


def failure(frame: Frame) -> tuple[int, str]:
    [error] = frame.errors.values()
    return error.code, error.text


@given(st.integers(1, 12), st.integers(1, 9))
def test_the_middle(width: int, height: int) -> None:
    [picture] = cropped(Vision(PIXELS), width=width, height=height)
    left, above = int((12 - width) / 2), int((9 - height) / 2)
    np.testing.assert_array_equal(picture.pixels, PIXELS[above : above + height, left : left + width])
    assert picture.pixels.flags.c_contiguous


def test_the_label_says_rgb_and_the_bytes_stay() -> None:
    bgr, rgb = cropped(Vision(PIXELS), Vision(PIXELS, PixelFormat.RGB888, resize_type=5, scaling=0.5))
    np.testing.assert_array_equal(bgr.pixels, rgb.pixels)
    assert (bgr.format, rgb.format) == (PixelFormat.RGB888, PixelFormat.RGB888)
    assert (rgb.resize_type, rgb.scaling, rgb.source, rgb.member) == (0, 0.0, "before", 1)


def test_floats() -> None:
    [picture] = cropped(Vision(PIXELS.astype(np.float32)))
    assert picture.pixels.dtype == np.float32


def test_one_picture_that_is_too_small_fails_all() -> None:
    expected = (2001, 'Opencv cropping failed. (Code = 2001, Message = "DVPP: crop fail") ')
    assert failure(frame_of(Visions((Vision(PIXELS), Vision(PIXELS[:3]))))) == expected
    assert failure(frame_of(Visions((Vision(PIXELS),)), width=13)) == expected


@pytest.mark.parametrize(
    ("pictures", "code", "words", "message"),
    [
        (Foreign(1), 11004, "Not a MxpiVisionList object.", "MxPlugins: protobuf descriptor name mismatch"),
        (Visions(()), 1001, "Get MxpiVisionList failed, datasize(0).", "General Failed"),
        (Visions((Vision(PIXELS[:0]),)), 1001, "Get MxpiVisionList failed, datasize(0).", "General Failed"),
    ],
    ids=["foreign", "empty", "no bytes"],
)
def test_what_is_no_picture(pictures: Metadata, code: int, words: str, message: str) -> None:
    steps = (words, "CheckImageIsExisted failed.", "Crop get input data failed.")
    assert failure(frame_of(pictures)) == (code, "".join(f'{step} (Code = {code}, Message = "{message}") ' for step in steps))


def test_no_pictures_at_all() -> None:
    code, text = failure(pushed(opened(OpencvCenterCrop, {"cropWidth": "1", "cropHeight": "1"})))
    assert code == 11003
    assert text.startswith('Metadata is null. (Code = 11003, Message = "MxPlugins: metadata is null") CheckImageIsExisted failed.')


@pytest.mark.parametrize("props", [{}, {"cropHeight": "100"}, {"cropWidth": "100"}])
def test_both_sizes_must_be_set(props: dict[str, str]) -> None:
    with pytest.raises(PipelineError, match="cropWidth and cropHeight must both be set") as caught:
        opened(OpencvCenterCrop, props)
    assert caught.value.vendor_code == 6003
