"""Pictures are told by their bytes, and files of systems by their names."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from server.images.picture_files import begins_as_picture, is_picture_file, is_side_file


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "AVIF", "MPO"])
def test_every_kind_is_a_picture_with_any_ending(tmp_path: Path, kind: str) -> None:
    written = io.BytesIO()
    Image.new("RGB", (8, 8)).save(written, kind)
    for name in ("photo", "photo.txt", "photo.JPE"):
        (tmp_path / name).write_bytes(written.getvalue())
        assert is_picture_file(tmp_path / name) == (kind != "DIB" or name == "photo.JPE")  # a DIB has no signature


@pytest.mark.parametrize(
    "head",
    [b"", b"BMW is a brand of cars, and so is this text", b"\0\0\0\x18ftypmp42\0\0\0\0", b"RIFF\0\0\0\0WAVEfmt ", b"%PDF-1.7", b"PK\3\4"],
)
def test_other_bytes_are_not(head: bytes) -> None:
    assert not begins_as_picture(head)


@given(st.text(max_size=40).map(str.encode))
def test_texts_are_not(head: bytes) -> None:
    assert (
        not begins_as_picture(head[:32]) or head.startswith((b"GIF8", b"II*\0", b"MM\0*")) or head[4:8] == b"ftyp" or head[8:12] == b"WEBP"
    )


def test_what_cannot_be_read_is_not_and_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    assert [is_picture_file(tmp_path / name) for name in ("pipe", "folder", "none")] == [False] * 3


@pytest.mark.parametrize(
    ("name", "side"),
    [
        *((name, True) for name in (".DS_Store", "._a.png", "Thumbs.db", "THUMBS.DB", "desktop.ini", "__MACOSX", ".ipynb_checkpoints")),
        *((name, False) for name in ("a.db", "thumbs", "_a.png", "desktop.ini.png")),
    ],
)
def test_files_of_systems(name: str, side: bool) -> None:
    assert is_side_file(name) == side
