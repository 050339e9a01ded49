"""Files of other formats: each is told by its name, and the line that is printed makes a picture that is taken."""

import base64
import io
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from server.errors import UnsupportedImage
from server.images.foreign_formats import FOREIGN_FORMATS, foreign_format, is_camera_raw
from server.images.inspection import inspect_image

COLOUR = (200, 40, 90)
SIZE = (64, 48)
SVG = (
    b"\xef\xbb\xbf<?xml version='1.0'?>\n<SVG".lower()
    + b" xmlns='http://www.w3.org/2000/svg' width='64' height='48'>"
    + (b"<rect width='64' height='48' fill='rgb(200,40,90)'/></svg>")
)


def saved(kind: str) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", SIZE, COLOUR).save(data, kind, **({"quality": 95} if kind in ("AVIF", "HEIF") else {}))
    return data.getvalue()


def photoshop() -> bytes:
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, SIZE[1], SIZE[0], 8, 3)
    return head + bytes(12) + bytes(2) + b"".join(bytes([part]) * (SIZE[0] * SIZE[1]) for part in COLOUR)


def heic() -> bytes:
    pytest.importorskip("pillow_heif").register_heif_opener()
    return saved("HEIF")


def jpeg_xl() -> bytes:
    if not shutil.which("cjxl"):
        pytest.skip("cjxl is not installed")
    png = cv2.imencode(".png", np.full((SIZE[1], SIZE[0], 3), COLOUR[::-1], np.uint8))[1].tobytes()
    return subprocess.run(["cjxl", "-", "-"], input=png, capture_output=True, check=True).stdout


MADE: dict[str, Callable[[], bytes]] = {
    "a GIF": lambda: saved("GIF"),
    "a TIFF": lambda: saved("TIFF"),
    "an AVIF": lambda: saved("AVIF"),
    "a HEIC": heic,
    "a PDF": lambda: saved("PDF"),
    "an SVG": lambda: SVG,
    "a JPEG XL": jpeg_xl,
    "a JPEG 2000": lambda: saved("JPEG2000"),
    "a Photoshop file": photoshop,
    "an icon": lambda: saved("ICO"),
    "a PPM, PGM or PBM": lambda: saved("PPM"),
    "base64 text": lambda: base64.b64encode(saved("PNG")),
}


@pytest.mark.parametrize("name", MADE)
def test_the_printed_line_makes_a_picture_that_is_taken(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.images.inspection.takes_heif", lambda: False)
    data = MADE[name]()
    with pytest.raises(UnsupportedImage, match=rf"^The {len(data)} bytes are {name}, and only JPEG, ") as refused:
        inspect_image(data, 1_000_000)
    _, _, line = refused.value.remedy.partition(": ")
    tool = line.split()[0]
    if tool != "python" and not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    (file,) = re.findall(r"\bphoto\.(?!png)\w+", line)
    (tmp_path / file).write_bytes(data)
    shell = re.sub(r"^python\b|(?<=&& )python\b", sys.executable, line)
    subprocess.run(["sh", "-c", shell], cwd=tmp_path, check=True)
    made = (tmp_path / "photo.png").read_bytes()
    assert inspect_image(made, 10_000_000).data == made
    pixels = cv2.imdecode(np.frombuffer(made, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert np.abs(pixels.reshape(-1, 3).mean(0)[::-1] - COLOUR).max() < 6


@pytest.mark.parametrize("beginning", [b"\0\0\0\x1cftypavif", b"\0\0\0\x18ftypheic"])
def test_the_extra_that_takes_it_is_named(beginning: bytes) -> None:
    found = foreign_format(beginning)
    assert found
    assert found.remedy.startswith("A server with the extra heif (pip install pillow-heif beside it) takes it as it is. ")


def test_a_line_installs_what_it_imports() -> None:
    """Pillow comes with the project; other modules do not."""
    for each in FOREIGN_FORMATS:
        for module in re.findall(r"import (pillow_heif|rawpy)", each.remedy):
            assert f"python -m pip install {module.replace('_', '-')} && python -c " in each.remedy


def test_a_turned_picture_is_upright_after_the_line(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", SIZE, COLOUR).save(tmp_path / "photo.tif", exif=exif)
    found = foreign_format((tmp_path / "photo.tif").read_bytes())
    assert found
    subprocess.run(["sh", "-c", found.remedy.partition(": ")[2].replace("python", sys.executable, 1)], cwd=tmp_path, check=True)
    image = inspect_image((tmp_path / "photo.png").read_bytes(), 10_000)
    assert (image.width_px, image.height_px, image.orientation) == (*SIZE[::-1], 1)


BEGINNINGS = {
    "a GIF": [b"GIF87a", b"GIF89a"],
    "a camera's raw file": [
        b"II*\0\x10\0\0\0CR\2\0",
        b"FUJIFILMCCD-RAW 0201",
        b"IIRO\x08\0",
        b"IIU\0\x18\0",
        b"\0\0\0\x18ftypcrx \0\0\0\1",
        struct.pack("<4sIHHHII", b"II*\0", 8, 1, 50706, 1, 4, 0x401),
        struct.pack(">4sIHHHIHHHHII", b"MM\0*", 8, 2, 254, 4, 1, 1, 0, 330, 4, 2, 99),
    ],
    "a TIFF": [b"II*\0\x08\0\0\0", b"MM\0*\xff\xff\xff\xff", struct.pack("<4sIHHHII", b"II*\0", 8, 1, 256, 4, 1, 7)],
    "an AVIF": [b"\0\0\0\x1cftypavif"],
    "a HEIC": [b"\0\0\0\x18ftypheic", b"\0\0\0\x18ftypmif1"],
    "a film": [b"\0\0\0\x18ftypisom", b"\0\0\0\x14ftypqt  ", b"\x1a\x45\xdf\xa3\1"],
    "a PDF": [b"%PDF-1.7"],
    "an SVG": [SVG, b"  <svg>", b"<!-- by hand --><svg/>"],
    "HTML or XML": [b"<!DOCTYPE html>", b"\n<html>", b"<?xml version='1.0'?><note/>"],
    "a JPEG XL": [b"\xff\x0a\x00", b"\0\0\0\x0cJXL \r\n\x87\n"],
    "a JPEG 2000": [b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"],
    "a Photoshop file": [b"8BPS\0\1"],
    "an icon": [b"\0\0\1\0\1\0"],
    "a PPM, PGM or PBM": [b"P6\n64 48\n255\n", b"P5 64 48 255 ", b"P1\r\n"],
    "an archive": [b"PK\3\4\x14", b"7z\xbc\xaf'\x1c", b"Rar!\x1a\7"],
    "a gzip file": [b"\x1f\x8b\x08\0"],
    "base64 text": [b"/9j/4AAQ", b"iVBORw0KGgoAAAA", b"UklGRjAA"],
    "a pointer of Git LFS": [b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"],
    "a side file of macOS": [b"\0\5\x16\7\0\2\0\0Mac OS X"],
    "other bytes before a picture": [b"\r\n\xff\xd8\xff\xe0", b"\xef\xbb\xbf\x89PNG\r\n\x1a\n", b"--x\r\n\r\n\xff\xd8\xff\xdb"],
}


def test_every_format_has_a_beginning() -> None:
    assert BEGINNINGS.keys() == {each.name for each in FOREIGN_FORMATS}


@pytest.mark.parametrize(("name", "data"), [(name, data) for name, beginnings in BEGINNINGS.items() for data in beginnings])
def test_a_format_is_known_by_its_first_bytes(name: str, data: bytes) -> None:
    found = foreign_format(data)
    assert found
    assert found.name == name


def test_other_bytes() -> None:
    assert foreign_format(b"hello") is None
    assert not is_camera_raw(b"II*\0")
    with pytest.raises(UnsupportedImage, match="none of the known image types"):
        inspect_image(b"hello", 10)
