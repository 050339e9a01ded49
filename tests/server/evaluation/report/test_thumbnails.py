"""Thumbnails of real photos, and none of what cannot be read."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from server.errors import ImageTooLarge
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.dataset.set_opening import open_labelled_set
from server.evaluation.report.report import build_report
from server.evaluation.report.thumbnails import SIDE_PX, named_thumbnails, thumbnail, wrong_thumbnails
from tests.server.evaluation.made_run import answer, class_names, made_manifest


def decode(jpeg: bytes) -> NDArray[np.uint8]:
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels.astype(np.uint8)


def test_a_photo_keeps_its_shape(cat: bytes) -> None:
    small = thumbnail(cat, 1_000_000)
    assert decode(small).shape == (128, SIDE_PX, 3)
    assert len(small) < 15_000


@pytest.mark.parametrize("side_px", [8, 400, 900, 3000])
def test_it_is_upright_and_never_larger_than_the_image(side_px: int) -> None:
    pixels = np.zeros((side_px // 2, side_px, 3), np.uint8)
    pixels[:, : side_px // 2] = 255
    data = bytes(cv2.imencode(".jpg", pixels)[1])
    exif = b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"  # turn it by a quarter
    small = decode(thumbnail(data[:2] + exif + data[2:], 10_000_000))
    assert small.shape[:2] == (min(side_px, SIDE_PX), min(side_px, SIDE_PX) // 2)
    half = small.shape[0] // 2
    assert small[: half - 1].mean() > 240
    assert small[half + 1 :].mean() < 15


def test_the_limit_of_pixels_holds(cat: bytes) -> None:
    with pytest.raises(ImageTooLarge):
        thumbnail(cat, 100)


def test_what_cannot_be_read_has_none(tmp_path: Path, cat: bytes) -> None:
    (tmp_path / "0").mkdir()
    for index, content in enumerate((cat, b"rubbish", cat[: len(cat) // 2], cat)):
        (tmp_path / "0" / f"{index}.png").write_bytes(content)
    items = open_labelled_set(RootFiles(tmp_path), None, class_names(4))
    items[3].path.unlink()
    report = build_report([answer(index, 0, 1) for index in range(4)], made_manifest(4), class_names(4))
    assert set(wrong_thumbnails(report, items, 1_000_000, 1_000_000)) == {0}
    named = named_thumbnails(["0/0.png", "0/1.png", "nothing"], items, 1_000_000, 1_000_000)
    assert list(named) == ["0/0.png"]
    assert decode(named["0/0.png"]).shape == (128, SIDE_PX, 3)
