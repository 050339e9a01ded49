import zlib

import cv2
import numpy as np
import pytest

from pipelines.cpu.elements.element import ElementContext
from pipelines.cpu.elements.frame import Box, Boxes, Foreign, Frame, PixelFormat, Vision, Visions
from pipelines.cpu.elements.imagedecoder import ImageDecoder, decoder_before
from pipelines.cpu.runtime_options import CpuOptions
from pipelines.cpu.text.spec import parse_stream
from pipelines.pipeline_errors import PipelineError
from tests.pipelines.cpu.pipelines_made import BROKEN, chained, opened, pushed

OPENCV = {"handleMethod": "opencv"}
PIXELS = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3) * 5
GREY = PIXELS[:, :, 0]
WIDE = np.random.default_rng(0).integers(0, 256, (7, 20, 3), np.uint8)
# An APP1 segment: TIFF, big-endian, one entry: orientation 6, to be turned by 90 degrees clockwise.
ORIENTATION = b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
BOXES = Boxes((Box(1, 1, 2, 2),))
NULL = ' (Code = 1003, Message = "Invalid Pointer") '
INVALID = ' (Code = 1004, Message = "Invalid parameter") '
BMP = {"imageFormat": "bmp"}


def encoded(pixels: np.ndarray, extension: str = ".png") -> bytes:
    return cv2.imencode(extension, pixels)[1].tobytes()


def pushed_through(data: bytes, **props: str) -> Frame:
    return pushed(opened(ImageDecoder, {**OPENCV, **props}), data)


def vision(data: bytes, **props: str) -> Vision:
    frame = pushed_through(data, **props)
    assert frame.errors == {}
    pictures = frame.metadata["mxpi_imagedecoder0"]
    assert isinstance(pictures, Visions)
    [picture] = pictures.items
    return picture


def decode(data: bytes, **props: str) -> np.ndarray:
    return vision(data, **props).pixels


def failure(data: bytes, **props: str) -> tuple[int, str]:
    frame = pushed_through(data, **props)
    assert frame.metadata == {}
    [error] = frame.errors.values()
    return error.code, error.text


@pytest.mark.parametrize("extension", [".png", ".bmp", ".tiff"])
def test_bgr_bytes_by_default(extension: str) -> None:
    picture = vision(encoded(PIXELS, extension))
    assert picture.pixels.dtype == np.uint8
    np.testing.assert_array_equal(picture.pixels, PIXELS)
    assert (picture.format, picture.resize_type, picture.scaling, picture.source) == (PixelFormat.BGR888, 0, 0.0, "")


def test_rgb() -> None:
    picture = vision(encoded(PIXELS), outputDataFormat="RGB")
    np.testing.assert_array_equal(picture.pixels, PIXELS[:, :, ::-1])
    assert picture.format == PixelFormat.RGB888


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


@pytest.mark.parametrize("left", [0.5, 0.99])
def test_a_jpeg_that_stops_early_is_decoded_as_far_as_it_goes(left: float) -> None:
    photo = cv2.resize(np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8), (64, 64))
    jpeg = encoded(photo, ".jpg")
    pixels = decode(jpeg[: int(len(jpeg) * left)])
    np.testing.assert_array_equal(pixels[:8], decode(jpeg)[:8])


def test_the_frame_begins_anew_and_the_boxes_are_renamed() -> None:
    frame = pushed(opened(ImageDecoder, OPENCV), encoded(PIXELS), appInput=BOXES, other=Foreign(1))
    assert list(frame.metadata) == ["mxpi_imagedecoder0", "ExternalObjects"]
    assert frame.metadata["ExternalObjects"] == BOXES
    assert frame.data == b""


@pytest.mark.parametrize(
    "data", [BROKEN, b"\0", b"GIF89a", encoded(PIXELS)[:40], b"\x89PNG\r\n\x1a\n"], ids=["text", "NUL", "GIF", "cut", "signature"]
)
def test_what_is_no_image(data: bytes) -> None:
    assert failure(data) == (1004, f"Opencv decode failed.{INVALID}")


def test_what_only_a_newer_opencv_reads() -> None:
    gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
    assert cv2.imdecode(np.frombuffer(gif, np.uint8), cv2.IMREAD_COLOR) is not None
    assert failure(gif) == (1004, f"Opencv decode failed.{INVALID}")
    webp = bytearray(encoded(WIDE, ".webp"))
    animated = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0" + bytes(webp[12:])
    assert failure(animated) == (1004, f"Opencv decode failed.{INVALID}")


def test_strict_mode_refuses_every_webp_as_the_vendors_decoder_does() -> None:
    webp = encoded(WIDE, ".webp")
    assert "mxpi_imagedecoder0" in pushed(opened(ImageDecoder, OPENCV), webp).metadata
    [error] = pushed(opened(ImageDecoder, OPENCV, options=CpuOptions(strict=True)), webp).errors.values()
    assert (error.code, error.text) == (1004, f"Opencv decode failed.{INVALID}")


def test_strict_mode_makes_the_ascend_decoder_and_fails_its_frames() -> None:
    strict = opened(ImageDecoder, {"handleMethod": "ascend"}, options=CpuOptions(strict=True))
    [error] = pushed(strict, encoded(PIXELS, ".jpg")).errors.values()
    assert (error.code, error.text) == (2006, 'Image decode failed. (Code = 2006, Message = "DVPP: decode jpeg or jpg fail") ')


def test_a_header_that_promises_too_many_pixels_fails_twice() -> None:
    png = bytearray(encoded(PIXELS))
    png[16:24] = (60_000).to_bytes(4) * 2
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4)
    assert failure(bytes(png)) == (1004, f"Opencv decode failed.{INVALID}" * 2)


def test_no_data() -> None:
    assert failure(b"") == (1003, f"Dataptr of inputVisionData is nullptr.{NULL}Opencv decode failed.{NULL}")
    assert failure(b"", **BMP) == (1003, f"InputVisionData dataptr is nullptr, bmp decode failed.{NULL}")


def test_messages_without_an_image() -> None:
    frame = pushed(opened(ImageDecoder, OPENCV), b"", key=Foreign(1))
    [error] = frame.errors.values()
    text = 'Empty vision in frame. use SendData rather than SendProtobuf. (Code = 1001, Message = "General Failed") '
    assert (error.code, error.text) == (1001, text)


def test_a_picture_larger_than_the_vendor_allocates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.cpu.elements.imagedecoder.MAX_PICTURE_BYTES", 44)
    steps = ("Imdecode failed, dataSize(45).", "ConstructOutput failed.", "Opencv decode failed.")
    assert failure(encoded(PIXELS)) == (1004, "".join(f"{step}{INVALID}" for step in steps))


def test_bmp_is_stretched_to_full_steps_and_swapped() -> None:
    stretched = cv2.resize(WIDE, (32, 8))
    bgr, rgb = vision(encoded(WIDE, ".bmp"), **BMP), vision(encoded(WIDE, ".bmp"), **BMP, outputDataFormat="RGB")
    np.testing.assert_array_equal(bgr.pixels, stretched[:, :, ::-1])
    np.testing.assert_array_equal(rgb.pixels, stretched)
    assert (bgr.format, rgb.format) == (PixelFormat.BGR888, PixelFormat.RGB888)


def test_what_is_no_bmp() -> None:
    assert failure(encoded(PIXELS), **BMP) == (2019, f"The pFileHead bfType error, bfType=20617.{NULL}")
    assert failure(b"B", **BMP) == (2019, f"The pFileHead bfType error, bfType=66.{NULL}")
    assert failure(b"BM", **BMP) == (1004, "")


@pytest.mark.parametrize(
    "props",
    [
        {"imageFormat": "png"},
        {"outputDataFormat": "YUV"},
        {"dataType": "float16"},
        {"formatAdaptation": "x"},
        {"handleMethod": "ascend"},
        {"handleMethod": "x"},
        {"handleMethod": "", "cvProcessor": "ascend"},
    ],
)
def test_properties_that_cannot_be_had(props: dict[str, str]) -> None:
    with pytest.raises(PipelineError, match=r"^Element 'mxpi_imagedecoder0': ") as caught:
        opened(ImageDecoder, {**OPENCV, **props})
    assert caught.value.vendor_code == 6003


@pytest.mark.parametrize("props", [{"cvProcessor": "ascend"}, {"handleMethod": "", "cvProcessor": "opencv"}])
def test_the_older_property_wins(props: dict[str, str]) -> None:
    np.testing.assert_array_equal(decode(encoded(PIXELS), **props), PIXELS)


def test_the_decoder_before() -> None:
    spec = parse_stream(
        "s", chained(("appsrc", {}), ("mxpi_imagedecoder", OPENCV), ("queue", {}), ("mxpi_imageresize", OPENCV), ("appsink", {}))
    )
    found = {name: decoder_before(ElementContext(one, spec, "", CpuOptions())) for name, one in spec.elements.items()}
    assert found.pop("appsink0") == found.pop("mxpi_imageresize0") == found.pop("queue0") == "mxpi_imagedecoder0"
    assert found == {"appsrc0": None, "mxpi_imagedecoder0": None}


def test_a_picture_whose_decoder_warned_fails_only_if_asked_for() -> None:
    jpeg = encoded(np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8), ".jpg")
    damaged = jpeg[: len(jpeg) // 2] + jpeg[-2:]  # half of its rows are missing
    assert decode(damaged).shape == (120, 160, 3)
    decoder = opened(ImageDecoder, OPENCV, options=CpuOptions(refuse_damaged=True))
    assert pushed(decoder, jpeg).errors == {}
    [error] = pushed(decoder, damaged).errors.values()
    assert (error.code, error.text) == (1004, f"Opencv decode failed.{INVALID}")


def test_what_a_cpu_does_not_have_is_named() -> None:
    with pytest.raises(PipelineError, match=r'DVPP, which a CPU does not have.*Set "handleMethod": "opencv"'):
        opened(ImageDecoder, {"handleMethod": "ascend"})


@pytest.mark.parametrize(("resized_px", "by"), [((100, 75), 8), ((101, 75), 4), ((200, 151), 2), ((401, 75), 1), (None, 1)])
def test_a_jpeg_is_reduced_for_the_resize_after_it(resized_px: tuple[int, int] | None, by: int) -> None:
    photo = encoded(cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (600, 800, 3), np.uint8), (9, 9), 0), ".jpg")
    decoder = opened(ImageDecoder, OPENCV)
    decoder.resized_px = lambda full_px: resized_px if full_px == (800, 600) else None
    pictures = pushed(decoder, photo).metadata["mxpi_imagedecoder0"]
    assert isinstance(pictures, Visions)
    [picture] = pictures.items
    assert picture.full_px == ((800, 600) if by > 1 else None)
    flag = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2, 1: cv2.IMREAD_COLOR}[by]
    np.testing.assert_array_equal(picture.pixels, cv2.imdecode(np.frombuffer(photo, np.uint8), flag))
    assert picture.pixels.shape == (600 // by, 800 // by, 3)


def test_other_formats_and_damage_are_as_ever_with_a_resize_that_reduces() -> None:
    decoder = opened(ImageDecoder, OPENCV, options=CpuOptions(refuse_damaged=True))
    decoder.resized_px = lambda _: (1, 1)
    for ending in (".png", ".bmp"):
        pictures = pushed(decoder, encoded(WIDE, ending)).metadata["mxpi_imagedecoder0"]
        assert isinstance(pictures, Visions)
        np.testing.assert_array_equal(pictures.items[0].pixels, WIDE)
    photo = encoded(np.random.default_rng(1).integers(0, 256, (600, 800, 3), np.uint8), ".jpg")
    assert not pushed(decoder, photo).errors
    assert pushed(decoder, photo[: len(photo) // 2]).errors
