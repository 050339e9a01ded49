"""Hostile and unusual images over HTTP: each the right status or the right answer, while a neighbour gets its own."""

import io
import random
import struct
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from pipelines.cpu.elements.frame import Pixels
from server.images.exif import write_orientation
from tests.level_model import level_class, level_png
from tests.server.process import ServerProcess
from tests.soak.image_seeds import SEEDS, interlaced_png, png_chunk
from tests.soak.images import expected_class

LEVEL = 88
FLAT = np.full((48, 64, 3), LEVEL, np.uint8)


def written(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture as Pillow writes it."""
    into = io.BytesIO()
    picture.save(into, kind, **options)
    return into.getvalue()


def flat(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    """The flat grey picture as Pillow converts and writes it."""
    return written(Image.fromarray(FLAT).convert(mode), kind, **options)


def stored_zip(content: bytes) -> bytes:
    """A zip archive with one file, not compressed."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr("photo.jpg", content)
    return into.getvalue()


def outcome(server: ServerProcess, data: bytes) -> int | str:
    """The best class of an image, or status and code of its refusal."""
    response = server.client.post("/classify", content=data)
    answer = response.json()
    return answer["predictions"][0]["class_id"] if response.status_code == 200 else f"{response.status_code} {answer['code']}"


@contextmanager
def good_neighbours(server: ServerProcess) -> Iterator[None]:
    """Intact images sent all the while by others; each must get its own answer."""
    wanted = list(range(0, 64, 3))
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda number: outcome(server, level_png(4 * number)), wanted)
        yield
        assert list(answers) == wanted


JPEG, PNG = flat("JPEG", quality=95), flat("PNG")
HUGE_PNG = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)) + PNG[33:]
FRAMES = [Image.fromarray(FLAT), Image.fromarray(255 - FLAT)]
CMYK = Image.fromarray(np.dstack([FLAT * 0, 255 - FLAT[..., 0]]), "CMYK")

ANSWERED = {
    "JPEG, progressive": flat("JPEG", progressive=True),
    "JPEG, grey": flat("JPEG", "L"),
    "JPEG, CMYK, inverted as Adobe does": written(CMYK, "JPEG", quality=95),
    "JPEG, restarts": flat("JPEG", restart_marker_blocks=1),
    "PNG, 16 bits": cv2.imencode(".png", FLAT.astype(np.uint16) * 257)[1].tobytes(),
    "PNG, 16 bits grey": cv2.imencode(".png", FLAT[..., 0].astype(np.uint16) * 257)[1].tobytes(),
    "PNG, alpha": flat("PNG", "RGBA"),
    "PNG, grey and alpha": flat("PNG", "LA"),
    "PNG, palette": flat("PNG", "P"),
    "PNG, interlaced": interlaced_png(FLAT),
    "WebP, lossless": flat("WEBP", lossless=True),
    "WebP, alpha": flat("WEBP", "RGBA", lossless=True),
    "BMP, palette": flat("BMP", "P"),
    "1x1": written(Image.fromarray(FLAT[:1, :1]), "PNG"),
    "20000x1": written(Image.new("RGB", (20_000, 1), (LEVEL,) * 3), "PNG"),
    "1x20000 as JPEG": written(Image.new("RGB", (1, 20_000), (LEVEL,) * 3), "JPEG", quality=95),
    "a JPEG that is also a zip": JPEG + stored_zip(b"anything"),
    "a PNG that is also a zip": PNG + stored_zip(b"anything"),
    "a JPEG with a script in its comment": flat("JPEG", quality=95, comment=b"<script>alert(1)</script><?php GIF89a"),
    "a JPEG with a thumbnail of another": flat("JPEG", quality=95, exif=b"Exif\0\0" + write_orientation(1) + SEEDS["jpeg, progressive"]),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_answered(level_server: ServerProcess, name: str) -> None:
    with good_neighbours(level_server):
        assert outcome(level_server, ANSWERED[name]) == LEVEL // 4


@pytest.mark.parametrize("name", SEEDS)
def test_every_seed_is_answered_as_opencv_reads_it(level_server: ServerProcess, name: str) -> None:
    assert outcome(level_server, SEEDS[name]) == expected_class(SEEDS[name])


REFUSED = {
    "nothing": (b"", "400 bad_request"),
    "text": (b"A cat, sitting on a mat.\n", "415 unsupported_image"),
    "GIF": (flat("GIF", "P"), "415 unsupported_image"),
    "SVG": (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "415 unsupported_image"),
    "TIFF": (flat("TIFF"), "415 unsupported_image"),
    "AVIF": (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(40), "415 unsupported_image"),
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(40), "415 unsupported_image"),
    "WebP, animated": (written(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:]), "415 unsupported_image"),
    "PNG that says 60000x60000": (HUGE_PNG, "413 image_too_large"),
    "a zip with a JPEG in it": (stored_zip(JPEG), "415 unsupported_image"),
    "a GIF's signature before a JPEG": (b"GIF89a" + JPEG, "415 unsupported_image"),
    "a JPEG's signature before a GIF": (b"\xff\xd8" + flat("GIF", "P"), "422 undecodable_image"),
    "HTML before a PNG": (b"<html><body>" + PNG, "415 unsupported_image"),
    "a PDF with a JPEG in it": (b"%PDF-1.7\n" + JPEG, "415 unsupported_image"),
    "a BMP's signature before a PNG": (b"BM" + PNG, "415 unsupported_image"),
    "JPEG, scan with bytes missing": (SEEDS["jpeg, chroma 444"][:2000] + SEEDS["jpeg, chroma 444"][2040:], "422 undecodable_image"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(level_server: ServerProcess, name: str) -> None:
    data, told = REFUSED[name]
    with good_neighbours(level_server):
        assert outcome(level_server, data) == told


@pytest.mark.parametrize("name", ["jpeg, restarts", "jpeg, progressive", "png, interlaced", "webp, lossy", "webp, lossless", "bmp"])
def test_truncated_at_fifty_points(level_server: ServerProcess, name: str) -> None:
    data = SEEDS[name]
    lengths = random.Random(name).sample(range(len(data)), 50)  # noqa: S311
    signature = {"jpeg": 2, "png": 4, "webp": 12, "bmp": 2}[name.partition(",")[0]]
    with good_neighbours(level_server):
        found = {length: outcome(level_server, data[:length]) for length in [0, 1, signature - 1, signature, len(data) - 1, *lengths]}
    for length, told in found.items():
        status = "400 bad_request" if not length else "415 unsupported_image" if length < signature else "422 undecodable_image"
        assert (length, told) == (length, status)


def test_a_claim_of_60000x60000_costs_no_memory(level_server: ServerProcess) -> None:
    before_mb = level_server.memory_mb("VmHWM")
    assert {outcome(level_server, HUGE_PNG) for _ in range(20)} == {"413 image_too_large"}
    assert level_server.memory_mb("VmHWM") - before_mb < 8


QUARTERS: Pixels = cv2.resize(np.array([[20, 80], [140, 220]], np.uint8), (96, 64), interpolation=cv2.INTER_NEAREST)[..., None].repeat(
    3, axis=2
)
# How a picture is stored that each EXIF orientation shows upright.
STORED = {
    1: QUARTERS,
    2: QUARTERS[:, ::-1],
    3: QUARTERS[::-1, ::-1],
    4: QUARTERS[::-1],
    5: QUARTERS.transpose(1, 0, 2),
    6: QUARTERS.transpose(1, 0, 2)[::-1],
    7: QUARTERS.transpose(1, 0, 2)[::-1, ::-1],
    8: QUARTERS.transpose(1, 0, 2)[:, ::-1],
}


@pytest.mark.parametrize("orientation", STORED)
def test_turned_by_exif(level_server: ServerProcess, orientation: int) -> None:
    picture = Image.fromarray(np.ascontiguousarray(STORED[orientation]))
    exif = b"Exif\0\0" + write_orientation(orientation)
    assert len({level_class(np.ascontiguousarray(pixels)) for pixels in STORED.values()}) == len(STORED)
    for kind, options in (("JPEG", {"quality": 95}), ("PNG", {}), ("WEBP", {"lossless": True})):
        assert outcome(level_server, written(picture, kind, exif=exif, **options)) == level_class(QUARTERS)


def test_what_a_camera_writes_into_a_scan_header_is_no_damage(level_server: ServerProcess) -> None:
    """Photos of Samsung phones: libjpeg says "Invalid SOS parameters for sequential JPEG", and shows them whole."""
    at = JPEG.index(b"\xff\xda") + 2 + 12 - 3
    assert outcome(level_server, JPEG[:at] + bytes(3) + JPEG[at + 3 :]) == LEVEL // 4
