import cv2
import numpy as np
import pytest

from pipelines.errors import PipelineError
from pipelines.host.frame import Frame, Vision
from pipelines.host.imageresize import ImageResize
from tests.pipelines.host.pipelines_made import opened, pushed

OPENCV = {"handleMethod": "opencv"}
SIDE_32 = {**OPENCV, "resizeWidth": "32", "resizeHeight": "32"}
PIXELS = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)


def resize(pixels: np.ndarray, width: int, height: int, **props: str) -> np.ndarray:
    element = opened(ImageResize, {**OPENCV, "resizeWidth": str(width), "resizeHeight": str(height), **props})
    frame = pushed(element, before=Vision(pixels))
    assert frame.errors == {}
    resized = frame.metadata["mxpi_imageresize0"]
    assert isinstance(resized, Vision)
    return resized.pixels


@pytest.mark.parametrize(("width", "height"), [(32, 32), (224, 100), (100, 224), (60, 40), (32, 6), (4096, 64)])
def test_stretched_to_exactly_that_size(width: int, height: int) -> None:
    resized = resize(PIXELS, width, height)
    assert resized.shape == (height, width, 3)
    assert resized.dtype == np.uint8
    np.testing.assert_array_equal(resized, cv2.resize(PIXELS, (width, height), interpolation=cv2.INTER_LINEAR))


def test_halves_are_averaged_about_the_centres_of_pixels() -> None:
    halved = resize(PIXELS.repeat(2, 0).repeat(2, 1), 60, 40)
    np.testing.assert_array_equal(halved, PIXELS)


def test_floats_stay_floats() -> None:
    resized = resize(PIXELS.astype(np.float32), 32, 32, resizeType="Resizer_Stretch")
    assert resized.dtype == np.float32
    assert np.abs(resized - resize(PIXELS, 32, 32)).max() <= 1


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (500, 1, 3)])
def test_thin_pictures(shape: tuple[int, ...]) -> None:
    np.testing.assert_array_equal(resize(np.full(shape, 7, np.uint8), 32, 32), np.full((32, 32, 3), 7))


def test_no_picture() -> None:
    element = opened(ImageResize, SIDE_32)
    frame = Frame(b"", 0)
    element.push(frame)
    [error] = frame.errors.values()
    assert (error.code, error.text) == (1003, 'inputMxpiMetadata is nullptr. (Code = 1003, Message = "Invalid Pointer") ')


@pytest.mark.parametrize(
    "props",
    [
        {"resizeType": "Resizer_Nope"},
        {"paddingType": "X"},
        {"resizeWidth": "31"},
        {"resizeHeight": "5"},
        {"resizeWidth": "0", "resizeHeight": "0"},
        {"handleMethod": "ascend"},
    ],
)
def test_properties_that_cannot_be_had(props: dict[str, str]) -> None:
    with pytest.raises(PipelineError, match=r"^Element 'mxpi_imageresize0': ") as caught:
        opened(ImageResize, {**SIDE_32, **props})
    assert caught.value.vendor_code == 6003
