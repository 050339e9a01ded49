import cv2
import numpy as np
import pytest

from pipelines.errors import PipelineError
from pipelines.host.frame import Frame, Vision
from pipelines.host.imagedecoder import ImageDecoder
from tests.pipelines.host.pipelines_made import BROKEN, opened, pushed

OPENCV = {"handleMethod": "opencv"}
PIXELS = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3) * 5
GREY = PIXELS[:, :, 0]
# An APP1 segment: TIFF, big-endian, one entry: orientation 6, to be turned by 90 degrees clockwise.
ORIENTATION = b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"


def encoded(pixels: np.ndarray, extension: str = ".png") -> bytes:
    return cv2.imencode(extension, pixels)[1].tobytes()


def decoded(frame: Frame) -> np.ndarray:
    assert frame.errors == {}
    vision = frame.metadata["mxpi_imagedecoder0"]
    assert isinstance(vision, Vision)
    return vision.pixels


def decode(data: bytes, **props: str) -> np.ndarray:
    return decoded(pushed(opened(ImageDecoder, {**OPENCV, **props}), data))


@pytest.mark.parametrize("extension", [".png", ".bmp", ".tiff"])
def test_bgr_bytes_by_default(extension: str) -> None:
    pixels = decode(encoded(PIXELS, extension))
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, PIXELS)


def test_rgb() -> None:
    np.testing.assert_array_equal(decode(encoded(PIXELS), outputDataFormat="RGB"), PIXELS[:, :, ::-1])


def test_floats_are_the_same_numbers() -> None:
    pixels = decode(encoded(PIXELS), dataType="float32")
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels, PIXELS)


def test_grey_is_expanded() -> None:
    np.testing.assert_array_equal(decode(encoded(GREY)), np.dstack([GREY] * 3))


def test_alpha_is_dropped() -> None:
    np.testing.assert_array_equal(decode(encoded(np.dstack([PIXELS, GREY]))), PIXELS)


def test_sixteen_bits_become_eight() -> None:
    np.testing.assert_array_equal(decode(encoded(PIXELS.astype(np.uint16) * 257)), PIXELS)


def test_the_orientation_of_exif_is_applied() -> None:
    jpeg = encoded(PIXELS, ".jpg")
    upright = decode(jpeg)
    turned = decode(jpeg[:2] + ORIENTATION + jpeg[2:])
    np.testing.assert_array_equal(turned, np.rot90(upright, -1))


@pytest.mark.parametrize("data", [BROKEN, b"\0", encoded(PIXELS)[:40], b"\x89PNG\r\n\x1a\n"], ids=["text", "NUL", "cut", "signature"])
def test_what_is_no_image(data: bytes) -> None:
    [error] = pushed(opened(ImageDecoder, OPENCV), data).errors.values()
    assert (error.code, error.text) == (1004, 'Opencv decode failed. (Code = 1004, Message = "Invalid parameter") ')


def test_a_header_that_promises_too_many_pixels() -> None:
    png = bytearray(encoded(PIXELS))
    png[16:24] = (60_000).to_bytes(4) * 2
    [error] = pushed(opened(ImageDecoder, OPENCV), bytes(png)).errors.values()
    assert error.code == 1004


def test_no_data() -> None:
    [error] = pushed(opened(ImageDecoder, OPENCV), b"").errors.values()
    null = ' (Code = 1003, Message = "Invalid Pointer") '
    assert (error.code, error.text) == (1003, f"Dataptr of inputVisionData is nullptr.{null}Opencv decode failed.{null}")


@pytest.mark.parametrize(
    "props",
    [{"imageFormat": "png"}, {"outputDataFormat": "YUV"}, {"dataType": "float16"}, {"handleMethod": "ascend"}, {"handleMethod": "x"}],
)
def test_properties_that_cannot_be_had(props: dict[str, str]) -> None:
    with pytest.raises(PipelineError, match=r"^Element 'mxpi_imagedecoder0': ") as caught:
        opened(ImageDecoder, {**OPENCV, **props})
    assert caught.value.vendor_code == 6003
