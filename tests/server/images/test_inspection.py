from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.errors import BadRequest, ImageTooLarge, UndecodableImage, UnsupportedImage
from server.images.inspection import inspect_image, is_picture
from server.types import ImageFormat

MAX_PIXELS = 1_000_000
PHOTOS = Path(__file__).parents[2] / "photos"
RAMP = np.add.outer(np.arange(13) * 9, np.arange(21) * 5).astype(np.uint8)
PIXELS = np.dstack([RAMP, RAMP // 2, 255 - RAMP])


def encoded(extension: str, pixels: np.ndarray, *parameters: int) -> bytes:
    ok, data = cv2.imencode(extension, pixels, parameters)
    assert ok
    return data.tobytes()


ENCODED = {
    "jpeg": encoded(".jpg", PIXELS),
    "jpeg progressive": encoded(".jpg", PIXELS, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "jpeg restarts": encoded(".jpg", PIXELS, cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
    "jpeg grey": encoded(".jpg", RAMP),
    "png": encoded(".png", PIXELS),
    "png alpha": encoded(".png", np.dstack([PIXELS, RAMP])),
    "png 16 bits": encoded(".png", PIXELS.astype(np.uint16) * 257),
    "png grey": encoded(".png", RAMP),
    "webp lossy": encoded(".webp", PIXELS, cv2.IMWRITE_WEBP_QUALITY, 80),
    "webp lossless": encoded(".webp", PIXELS, cv2.IMWRITE_WEBP_QUALITY, 101),
    "webp alpha": encoded(".webp", np.dstack([PIXELS, RAMP]), cv2.IMWRITE_WEBP_QUALITY, 80),
    "bmp": encoded(".bmp", PIXELS),
    "bmp grey": encoded(".bmp", RAMP),
}


@pytest.mark.parametrize("name", ENCODED)
def test_image_as_encoded_by_opencv(name: str) -> None:
    image = inspect_image(ENCODED[name], MAX_PIXELS)
    assert image.format == ImageFormat(name.split()[0])
    assert (image.width_px, image.height_px, image.orientation) == (21, 13, 1)
    assert image.data is ENCODED[name]


@pytest.mark.parametrize(("name", "size"), [("cat.png", (451, 300)), ("coffee.png", (600, 400))])
def test_photo(name: str, size: tuple[int, int]) -> None:
    image = inspect_image((PHOTOS / name).read_bytes(), MAX_PIXELS)
    assert (image.format, image.width_px, image.height_px, image.orientation) == (ImageFormat.PNG, *size, 1)


@pytest.mark.parametrize("name", ENCODED)
def test_truncated_anywhere(name: str) -> None:
    data = ENCODED[name]
    for length in range(1, len(data)):
        with pytest.raises((UndecodableImage, UnsupportedImage)):
            inspect_image(data[:length], MAX_PIXELS)


@pytest.mark.parametrize("name", ENCODED)
def test_what_follows_the_image_is_accepted_and_dropped(name: str) -> None:
    assert inspect_image(ENCODED[name] + b"PK\3\4 an archive", MAX_PIXELS).data == ENCODED[name]


@pytest.mark.parametrize("name", ENCODED)
def test_pixel_limit(name: str) -> None:
    assert inspect_image(ENCODED[name], 21 * 13).width_px == 21
    with pytest.raises(ImageTooLarge, match="21x13 = 273 pixels, more than the 272 allowed"):
        inspect_image(ENCODED[name], 21 * 13 - 1)


def test_side_limit() -> None:
    wide = encoded(".png", np.zeros((1, 65_501), np.uint8))
    with pytest.raises(ImageTooLarge, match="a side of more than 65500"):
        inspect_image(wide, MAX_PIXELS)


def test_nothing() -> None:
    with pytest.raises(BadRequest, match="no bytes"):
        inspect_image(b"", MAX_PIXELS)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (encoded(".gif", PIXELS), "a GIF"),
        (encoded(".tif", PIXELS), "a TIFF"),
        (b"\0\0\0\x20ftypavif", "an AVIF"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"  \n<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG"),
        (b"PK\3\4", "an archive"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "RIFF, but not WebP"),
        (b"BMW is a maker of cars.", "no BMP header has"),
        (b"hello", "none of the known image types"),
        (bytes(1000), "none of the known image types"),
    ],
)
def test_other_types(data: bytes, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.images.inspection.takes_heif", lambda: False)
    with pytest.raises(UnsupportedImage, match=told):
        inspect_image(data, MAX_PIXELS)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBP", b"BM"]))
def test_arbitrary_bytes_are_refused(data: bytes, start: bytes) -> None:
    with pytest.raises((BadRequest, UnsupportedImage, UndecodableImage, ImageTooLarge)):
        inspect_image(start + data, MAX_PIXELS)


Edit = tuple[float, bytes, int]  # where, as a share of the length; what to put there; how many bytes it replaces
EDITS = st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4), st.integers(0, 4)), min_size=1, max_size=3)


@settings(max_examples=150)
@given(st.sampled_from(sorted(ENCODED)), EDITS)
@example("jpeg", [(0.0, b"", 0)])
def test_mutated_images_are_refused_or_stay_as_they_are(name: str, edits: list[Edit]) -> None:
    data = ENCODED[name]
    for share, inserted, removed in edits:
        at = int(share * len(data))
        data = data[:at] + inserted + data[at + removed :]
    try:
        image = inspect_image(data, MAX_PIXELS)
    except (BadRequest, UnsupportedImage, UndecodableImage, ImageTooLarge):
        return
    assert inspect_image(image.data, MAX_PIXELS).data == image.data
    pixels = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    assert pixels is None or pixels.shape == (image.height_px, image.width_px, 3)


@pytest.mark.parametrize("name", ENCODED)
def test_every_accepted_picture_is_known_by_its_start(name: str) -> None:
    assert is_picture(ENCODED[name])


@given(st.text(max_size=30))
def test_no_text_is_taken_for_a_picture(text: str) -> None:
    """GIF is the exception: its signature is text, which no form and no JSON begins with."""
    for start in ("", "BM", "RIFF", "BM=1&", "II*", "{", "--b"):
        if "\0" not in text and not text.startswith("GIF8"):
            assert not is_picture((start + text).encode()) or "WEBP" in text or "ftyp" in text
