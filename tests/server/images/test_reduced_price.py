"""The price of a reduced decode: the code is read as ever, the rest shrinks."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from server.images.inspection import inspect_image
from server.images.reduced_price import priced_reduced
from server.types import EncodedImage


def photo(kind: str = "JPEG", orientation: int = 1, **options: Any) -> EncodedImage:
    stored, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    rows = np.random.default_rng(7).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(rows).resize((1600, 1200)).save(stored, kind, exif=exif, **options)
    return inspect_image(stored.getvalue(), 10**7)


@pytest.mark.parametrize(("side_px", "by"), [(100, 8), (149, 8), (150, 4), (299, 4), (400, 2), (599, 2), (600, 1)])
def test_the_code_costs_what_it_did_and_the_pixels_less(side_px: int, by: int) -> None:
    """150 px are an eighth of the height, but the engines round in float32 and might want one more."""
    image = photo()
    priced = priced_reduced(image, (side_px, side_px))
    assert priced.decode_s == pytest.approx(image.coding_s + (image.decode_s - image.coding_s) / by)
    assert priced.decoded_bytes == image.decoded_bytes // by**2 == 6 * (1600 // by) * (1200 // by)
    assert 0 < image.coding_s < image.decode_s


def test_the_coefficients_of_a_progressive_one_are_kept_at_any_size() -> None:
    image = photo(progressive=True, subsampling=0)
    blocks_bytes = 3 * 200 * 150 * 128
    assert image.coding_bytes == blocks_bytes
    assert priced_reduced(image, (100, 100)).decoded_bytes == blocks_bytes + 3 * 200 * 150


def test_a_turned_one_stands_upright_before_its_resize() -> None:
    wide = (300, 100)
    assert priced_reduced(photo(orientation=1), wide).decoded_bytes == 6 * 400 * 300
    assert priced_reduced(photo(orientation=6), wide).decoded_bytes == 6 * 800 * 600


def test_other_formats_are_decoded_whole() -> None:
    image = photo("PNG")
    assert priced_reduced(image, (10, 10)) is image
