import struct
import zlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.cpu.exif_turns import turns_pictures
from server.errors import UndecodableImage
from server.images.decode_cost import TURNED_PIXEL_S
from server.images.exif import write_orientation
from server.images.inspection import inspect_image
from server.images.upright import priced_upright, upright
from server.types import EncodedImage, ImageFormat
from tests.soak.image_seeds import png_chunk

Pixels = NDArray[np.uint8]
GREEN = np.add.outer(np.arange(24) * 6, np.arange(40) * 2).astype(np.uint8)
UPRIGHT = np.dstack([GREEN // 2, GREEN, 255 - GREEN])


def stored(orientation: int) -> Pixels:
    """How a camera stores the upright picture, by the EXIF definition of where row 0 and column 0 are."""
    held = {1: UPRIGHT, 2: np.fliplr(UPRIGHT), 3: np.rot90(UPRIGHT, 2), 4: np.flipud(UPRIGHT)}
    held |= {5: UPRIGHT.transpose(1, 0, 2), 6: np.rot90(UPRIGHT), 7: np.rot90(UPRIGHT, 2).transpose(1, 0, 2), 8: np.rot90(UPRIGHT, -1)}
    return np.ascontiguousarray(held[orientation])


def encoded(extension: str, pixels: Pixels | NDArray[np.uint16], *parameters: int) -> bytes:
    data: bytes = cv2.imencode(extension, pixels, parameters)[1].tobytes()
    return data


def jpeg(orientation: int) -> bytes:
    plain = encoded(".jpg", stored(orientation), cv2.IMWRITE_JPEG_QUALITY, 95)
    exif = b"Exif\0\0" + write_orientation(orientation)
    return plain[:2] + struct.pack(">BBH", 0xFF, 0xE1, 2 + len(exif)) + exif + plain[2:]


def png(orientation: int, *, deep: bool = False) -> bytes:
    pixels = stored(orientation)
    plain = encoded(".png", (pixels * np.uint16(257)) if deep else pixels)
    exif = b"eXIf" + write_orientation(orientation)
    return plain[:33] + struct.pack(">I", len(exif) - 4) + exif + struct.pack(">I", zlib.crc32(exif)) + plain[33:]


def webp(orientation: int) -> bytes:
    pixels = stored(orientation)
    height, width = (int(side) for side in pixels.shape[:2])
    canvas = struct.pack("<4sII", b"VP8X", 10, 8) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    exif = write_orientation(orientation)
    frame = encoded(".webp", pixels, cv2.IMWRITE_WEBP_QUALITY, 101)[12:]
    content = b"WEBP" + canvas + frame + struct.pack("<4sI", b"EXIF", len(exif)) + exif
    return struct.pack("<4sI", b"RIFF", len(content)) + content


def decoded(image: EncodedImage) -> Pixels:
    pixels = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels.astype(np.uint8)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_is_left_to_the_decoder(orientation: int) -> None:
    image = inspect_image(jpeg(orientation), 1000)
    assert image.orientation == orientation
    assert upright(image) is image
    assert np.abs(decoded(image).astype(int) - UPRIGHT).max() <= 10


@pytest.mark.parametrize("orientation", range(1, 9))
def test_png_and_webp_are_turned_without_loss(orientation: int) -> None:
    for data in (png(orientation), png(orientation, deep=True), webp(orientation)):
        image = inspect_image(data, 1000)
        assert image.orientation == orientation
        turned = upright(image)
        assert (turned.width_px, turned.height_px, turned.orientation) == (40, 24, 1)
        assert inspect_image(turned.data, 1000) == turned
        assert (turned.format is ImageFormat.BMP) == (orientation > 1)
        np.testing.assert_array_equal(decoded(turned), UPRIGHT)


@pytest.mark.skipif(not turns_pictures(), reason="this OpenCV does not turn PNGs and WebPs")
@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_the_checks_write_is_what_opencv_turns(orientation: int) -> None:
    for data in (png(orientation), png(orientation, deep=True), webp(orientation)):
        image = inspect_image(data, 1000)
        np.testing.assert_array_equal(decoded(image), UPRIGHT)
        assert inspect_image(image.data, 1000) == image


@pytest.mark.parametrize("side", [(1, 1), (1, 5), (5, 1), (2, 3), (7, 4)])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_turn_of_any_size_is_numpys(orientation: int, side: tuple[int, int]) -> None:
    pixels = np.random.default_rng(orientation).integers(0, 256, (*side, 3), np.uint8)
    turns = {2: np.fliplr, 3: lambda p: np.rot90(p, 2), 4: np.flipud, 5: lambda p: p.transpose(1, 0, 2)}
    turns |= {6: lambda p: np.rot90(p, -1), 7: lambda p: np.rot90(p.transpose(1, 0, 2), 2), 8: np.rot90}
    turned = upright(EncodedImage(encoded(".png", pixels), ImageFormat.PNG, side[1], side[0], orientation))
    np.testing.assert_array_equal(decoded(turned), turns[orientation](pixels))


def test_a_turn_is_paid_for_and_costs_three_pictures() -> None:
    image = EncodedImage(b"", ImageFormat.PNG, 400, 100, 6, 0.001, 120_000)
    priced = priced_upright(image)
    assert (priced.decode_s, priced.decoded_bytes) == (0.001 + TURNED_PIXEL_S * 40_000, 360_000)
    for other in (replace(image, orientation=1), replace(image, format=ImageFormat.JPEG)):
        assert priced_upright(other) is other


def test_upright_images_are_not_touched() -> None:
    for data in (png(1), webp(1), encoded(".bmp", UPRIGHT)):
        image = inspect_image(data, 1000)
        assert upright(image) is image


@pytest.mark.parametrize("data", [b"", b"not an image"])
def test_undecodable(data: bytes) -> None:
    with pytest.raises(UndecodableImage, match=r"PNG of .* and 40x24 pixels cannot be decoded"):
        upright(EncodedImage(data, ImageFormat.PNG, 40, 24, orientation=6))


def test_a_picture_with_a_row_too_few_or_too_many() -> None:
    """libpng warns of both; only the first is damage."""
    row = bytes(1 + 3 * 4)
    for rows, whole in ((1, False), (2, True), (3, True)):
        chunks = ((b"IHDR", struct.pack(">IIBBBBB", 4, 2, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(row * rows)), (b"IEND", b""))
        image = EncodedImage(b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*one) for one in chunks), ImageFormat.PNG, 4, 2, orientation=6)
        if whole:
            assert decoded(upright(image)).shape == (4, 2, 3)
        else:
            with pytest.raises(UndecodableImage, match=r"PNG of .* cannot be decoded"):
                upright(image)
