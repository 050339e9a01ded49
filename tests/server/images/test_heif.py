"""HEIC and AVIF with the extra `heif`: real files, each as its encoder writes it."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from server.errors import ImageTooLarge, UndecodableImage, UnsupportedImage
from server.images import heif
from server.images.heif import decoded_heif, inspect_heif
from server.images.inspection import inspect_image
from server.images.preparation import needs_preparation, prepared
from server.types import EncodedImage, ImageFormat
from tests.server.process import ServerProcess

pillow_heif = pytest.importorskip("pillow_heif")
pillow_heif.register_heif_opener()

SIZE = (96, 64)
QUARTERS = ((20, 200, 90), (230, 30, 60), (40, 60, 220), (240, 230, 210))


def picture() -> Image.Image:
    """Four quarters, so that each way to turn it looks different."""
    made = Image.new("RGB", SIZE)
    for number, colour in enumerate(QUARTERS):
        made.paste(colour, (SIZE[0] // 2 * (number % 2), SIZE[1] // 2 * (number // 2), SIZE[0], SIZE[1]))
    return made


def exif_of(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def encoded(kind: str, orientation: int = 1) -> bytes:
    """The encoders write the orientation as a transformation of the picture (irot, imir)."""
    data = io.BytesIO()
    picture().save(data, kind, quality=95, exif=exif_of(orientation).tobytes())
    assert (b"irot" in data.getvalue() or b"imir" in data.getvalue()) == (orientation > 1)
    return data.getvalue()


def pixels_of(image: EncodedImage) -> np.ndarray:
    found = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return found[..., ::-1].astype(int)


@pytest.mark.parametrize(
    ("kind", "orientation"), [("HEIF", 1), ("HEIF", 3), ("HEIF", 5), ("HEIF", 6), ("HEIF", 8), ("AVIF", 1), ("AVIF", 6)]
)
def test_a_picture_is_upright_for_an_engine(kind: str, orientation: int) -> None:
    turned = picture()
    turned.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(turned)).astype(int)
    image = inspect_image(encoded(kind, orientation), 10_000)
    assert (image.format, image.width_px * image.height_px, needs_preparation(image, turns=True)) == (ImageFormat.HEIF, 96 * 64, True)
    bmp = prepared(image, turns=True)
    assert (bmp.format, bmp.height_px, bmp.width_px) == (ImageFormat.BMP, *expected.shape[:2])
    assert np.abs(pixels_of(bmp) - expected).mean() < 4


@pytest.mark.parametrize("size", [(451, 300), (450, 301), (33, 21)])
@pytest.mark.parametrize("orientation", [1, 5, 6])
def test_an_odd_side_is_cut_by_clap(size: tuple[int, int], orientation: int) -> None:
    """The encoder makes the sides even, and says in `clap` which part is the picture."""
    data = io.BytesIO()
    picture().resize(size).save(data, "HEIF", quality=95, exif=exif_of(orientation).tobytes())
    assert b"clap" in data.getvalue()
    bmp = decoded_heif(inspect_heif(data.getvalue(), 200_000))
    with Image.open(data) as expected:
        assert (bmp.width_px, bmp.height_px) == expected.size == (size if orientation == 1 else size[::-1])
        assert np.array_equal(pixels_of(bmp), np.asarray(expected.convert("RGB")))


@pytest.mark.parametrize(("box", "told"), [(b"free", (453, 300)), (b"clap", (450, 300))], ids=["smaller without clap", "larger"])
def test_another_size_than_told_is_refused(box: bytes, told: tuple[int, int]) -> None:
    data = io.BytesIO()
    picture().resize((451, 300)).save(data, "HEIF")
    image = inspect_heif(data.getvalue().replace(b"clap", box), 200_000)
    image = EncodedImage(image.data, image.format, *told, decode_s=image.decode_s, decoded_bytes=image.decoded_bytes)
    with pytest.raises(UndecodableImage, match=r": it has 45[12]x300 pixels\."):
        decoded_heif(image)


def test_a_server_answers_it(fake_server: ServerProcess) -> None:
    answer = fake_server.client.post("/classify", content=encoded("HEIF", 6), headers={"Content-Type": "image/heic"})
    assert (answer.status_code, len(answer.json()["predictions"])) == (200, 5)
    damaged = encoded("HEIF").replace(b"hvcC", b"hvcX")
    refusal = fake_server.client.post("/classify", content=damaged)
    assert (refusal.status_code, refusal.json()["code"]) == (422, "undecodable_image")


def test_exif_alone_turns_no_heic() -> None:
    """The format has transformations of its own, and says that readers leave the orientation of EXIF alone."""
    data = io.BytesIO()
    picture().save(data, "HEIF", quality=95, exif=exif_of(6))
    assert b"irot" not in data.getvalue()
    bmp = decoded_heif(inspect_heif(data.getvalue(), 10_000))
    assert (bmp.width_px, bmp.height_px) == SIZE


def test_without_the_extra_it_is_refused_with_the_line_that_converts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.images.inspection.takes_heif", lambda: False)
    with pytest.raises(UnsupportedImage, match="are a HEIC, and only"):
        inspect_image(encoded("HEIF"), 10_000)


def test_the_header_bounds_the_pixels() -> None:
    with pytest.raises(ImageTooLarge, match="more than the 6143 allowed"):
        inspect_heif(encoded("HEIF"), 96 * 64 - 1)
    huge = encoded("HEIF").replace(b"\0\0\0\x60\0\0\0\x40", (60_000).to_bytes(4, "big") + (60_000).to_bytes(4, "big"))
    with pytest.raises(ImageTooLarge, match="60000x60000 = 3600000000 pixels"):
        inspect_heif(huge, 50_000_000)


def test_cut_off_anywhere() -> None:
    data = encoded("HEIF")
    for length in range(12, len(data), 7):
        with pytest.raises((UndecodableImage, UnsupportedImage)):
            inspect_heif(data[:length], 10_000)


def test_a_picture_larger_than_its_header_tells() -> None:
    """The kernel ends what takes more than the header promised, or the sizes differ at the end."""
    data = io.BytesIO()
    Image.new("RGB", (4096, 2048)).save(data, "HEIF", enc_params={"preset": "ultrafast"})
    small = data.getvalue().replace((4096).to_bytes(4, "big") + (2048).to_bytes(4, "big"), (8).to_bytes(4, "big") * 2)
    image = inspect_heif(small, 1_000_000)
    with pytest.raises(UndecodableImage, match="cannot be decoded: "):
        decoded_heif(image)


def test_memory_is_bounded_by_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heif, "_CHILD_BYTES", 1 << 20)
    with pytest.raises(UndecodableImage, match="cannot be decoded: "):
        decoded_heif(inspect_heif(encoded("HEIF"), 10_000))


def test_boxes_are_bounded() -> None:
    many = b"\0\0\0\x18ftypheic" + bytes(12) + b"\0\0\0\x08free" * 5000
    with pytest.raises(UndecodableImage, match="More than 4096 boxes"):
        inspect_heif(many, 10)
    assert Path(heif.CHILD).is_file()


def test_nested_boxes_are_bounded() -> None:
    nested = b""
    for _ in range(1100):
        nested = (12 + len(nested)).to_bytes(4) + b"meta" + bytes(4) + nested
    with pytest.raises(UndecodableImage, match="The box b'meta' inside 3 others at byte 60"):
        inspect_heif(b"\0\0\0\x18ftypheic" + bytes(12) + nested, 10)
