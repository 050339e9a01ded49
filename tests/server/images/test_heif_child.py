"""The program that decodes one picture: what it prints, and that its bounds hold."""

import io
import subprocess
import sys

import pytest
from PIL import Image

from server.images.heif import CHILD

pytest.importorskip("pillow_heif").register_heif_opener()


def child(data: bytes, max_bytes: int = 1 << 30, max_s: int = 5) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-I", CHILD, str(max_bytes), str(max_s)], input=data, capture_output=True, check=False)


def grey(width_px: int, height_px: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (width_px, height_px), (7, 7, 7)).save(data, "HEIF", quality=100, enc_params={"preset": "ultrafast"})
    return data.getvalue()


def test_size_and_pixels() -> None:
    done = child(grey(20, 10))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout[:8] == bytes((20, 0, 0, 0, 10, 0, 0, 0))
    assert len(done.stdout) == 8 + 3 * 20 * 10
    assert set(done.stdout[8:]) <= {6, 7, 8}


def test_an_error_is_a_line() -> None:
    done = child(b"rubbish")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"UnidentifiedImageError: ")


def test_more_memory_than_allowed_is_refused() -> None:
    needed = 40_000_000
    done = child(grey(4000, 2500), 150_000_000 + needed)
    assert done.returncode != 0
    assert done.stdout == b""
