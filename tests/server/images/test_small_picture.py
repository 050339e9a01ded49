"""Small upright copies, and what they cost."""

import cv2
import numpy as np
import pytest

from server.errors import UndecodableImage
from server.images.inspection import inspect_image
from server.images.small_picture import priced_small, small_picture, small_px
from tests.server.images.test_upright import UPRIGHT, encoded, jpeg, stored

LARGE = np.dstack([np.tile(np.linspace(0, 255, 1600, dtype=np.uint8), (1200, 1))] * 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_is_upright(orientation: int) -> None:
    image = inspect_image(jpeg(orientation), 10_000)
    assert small_px(image, 512) == (40, 24)
    assert np.abs(small_picture(image, 512).astype(int) - UPRIGHT).max() < 12


@pytest.mark.parametrize("extension", [".png", ".webp", ".bmp"])
def test_other_formats_are_exact(extension: str) -> None:
    image = inspect_image(encoded(extension, stored(1), *((cv2.IMWRITE_WEBP_QUALITY, 101) if extension == ".webp" else ())), 10_000)
    assert (small_picture(image, 512) == UPRIGHT).all()


@pytest.mark.parametrize("extension", [".png", ".jpg"])
def test_a_large_one_is_reduced_and_keeps_its_picture(extension: str) -> None:
    image = inspect_image(encoded(extension, LARGE), 2_000_000)
    small = small_picture(image, 512)
    assert small.shape == (384, 512, 3)
    assert np.abs(small[200, :, 1].astype(int) - np.linspace(0, 255, 512)).max() < 4


def test_a_narrow_one_keeps_a_pixel() -> None:
    image = inspect_image(encoded(".png", LARGE[:1]), 2_000_000)
    assert small_picture(image, 512).shape == (1, 512, 3)


def test_a_jpeg_that_is_decoded_reduced_costs_less() -> None:
    image = inspect_image(encoded(".jpg", np.tile(LARGE, (4, 4, 1))), 50_000_000)
    small = priced_small(image, 512)
    assert small.decoded_bytes < image.decoded_bytes / 10
    assert small.decode_s < image.decode_s
    png = inspect_image(encoded(".png", LARGE), 2_000_000)
    assert priced_small(png, 512) == png


def test_damage_inside_the_pixels_is_found() -> None:
    data = bytearray(jpeg(1))
    data[-40:-10] = bytes(30)
    with pytest.raises(UndecodableImage, match="cannot be decoded"):
        small_picture(inspect_image(bytes(data), 10_000), 512)
