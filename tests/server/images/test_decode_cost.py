"""The cost of decoding an image follows from its headers."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from server.errors import ImageTooLarge, UndecodableImage
from server.images.decode_cost import MAX_DECODE_S, PNG_CODED_BYTE_S, PNG_INTERLACED_PIXEL_S, PNG_PIXEL_S, PNG_ROWS_BYTE_S
from server.images.inspection import inspect_image
from server.types import EncodedImage
from tests.soak.image_seeds import interlaced_png

MAX_PIXELS = 50_000_000


def encoded(kind: str, side_px: int, mode: str = "RGB", **options: Any) -> bytes:
    stored = io.BytesIO()
    rows = np.random.default_rng(7).integers(0, 256, (side_px // 40, side_px // 40, 3), dtype=np.uint8)
    Image.fromarray(rows).resize((side_px, side_px)).convert(mode).save(stored, kind, **options)
    return stored.getvalue()


def inspected(kind: str, side_px: int, mode: str = "RGB", **options: Any) -> EncodedImage:
    return inspect_image(encoded(kind, side_px, mode, **options), MAX_PIXELS)


def test_bytes_at_the_peak() -> None:
    picture_bytes = 3 * 800 * 800
    assert inspected("JPEG", 800).decoded_bytes == 2 * picture_bytes
    assert inspected("PNG", 800).decoded_bytes == 2 * picture_bytes
    assert inspected("BMP", 800).decoded_bytes == 2 * picture_bytes
    assert inspected("WEBP", 800, lossless=True).decoded_bytes == picture_bytes + 4 * 800 * 800
    assert inspected("JPEG", 800, progressive=True, subsampling=0).decoded_bytes == picture_bytes + 3 * 100 * 100 * 128


def test_what_takes_longer_is_estimated_so() -> None:
    plain = inspected("JPEG", 800).decode_s
    assert plain < inspected("JPEG", 800, progressive=True).decode_s
    assert inspected("JPEG", 1600).decode_s == pytest.approx(4 * plain, rel=0.3)
    assert inspected("PNG", 800, "RGBA").decode_s > inspected("PNG", 800, "L").decode_s
    assert inspected("WEBP", 800, lossless=True, quality=0).decode_s > inspected("WEBP", 800).decode_s


def test_a_png_pays_for_its_rows_its_passes_and_its_coded_bytes() -> None:
    flat = inspected("PNG", 800)
    passes = inspect_image(interlaced_png(np.zeros((80, 80, 3), np.uint8)), MAX_PIXELS)
    assert flat.decode_s > (PNG_PIXEL_S + 3 * PNG_ROWS_BYTE_S) * 800 * 800 + PNG_CODED_BYTE_S * len(flat.data)
    assert passes.decode_s > (PNG_INTERLACED_PIXEL_S + 3 * PNG_ROWS_BYTE_S) * 80 * 80


@pytest.mark.parametrize(
    ("side_px", "options"), [(7000, {}), (3500, {"progressive": True}), (3500, {"progressive": True, "subsampling": 0, "quality": 95})]
)
def test_what_encoders_write_of_50_megapixels_is_taken(side_px: int, options: dict[str, Any]) -> None:
    """The slow ones at a quarter of that: encoding takes seconds."""
    assert (7000 / side_px) ** 2 * inspected("JPEG", side_px, **options).decode_s < MAX_DECODE_S / 1.5


def scans(image: bytes, times: int) -> bytes:
    """A JPEG of one scan with that scan again and again."""
    start = image.index(b"\xff\xda")
    return image[:start] + image[start:-2] * times + image[-2:]


def test_scans_without_end_are_too_large() -> None:
    image = encoded("JPEG", 7000, "L", quality=1)
    assert inspect_image(image, MAX_PIXELS).decode_s < 1
    with pytest.raises(
        ImageTooLarge, match=r"would take some 2\.\d s to decode \(its \d+ scans have \d+ blocks\), more than the 2 s allowed"
    ):
        inspect_image(scans(image, 99), 50_000_000)


def test_a_scan_with_too_few_bytes_is_damaged() -> None:
    image = encoded("JPEG", 800)
    coded = image.index(b"\xff\xda") + 2 + int.from_bytes(image[image.index(b"\xff\xda") + 2 :][:2])
    with pytest.raises(UndecodableImage, match="too few for its"):
        inspect_image(image[: coded + 100] + b"\xff\xd9", MAX_PIXELS)


def test_an_arithmetic_bomb_of_two_kilobytes_is_refused() -> None:
    bomb = Path(__file__).parents[2] / "attack" / "arithmetic_bomb.jpg"
    with pytest.raises(ImageTooLarge, match="to decode"):
        inspect_image(bomb.read_bytes(), 50_000_000)
