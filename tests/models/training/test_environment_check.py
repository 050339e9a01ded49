from pathlib import Path

import pytest

from models.training.environment_check import main

PHOTO = Path(__file__).parents[2] / "photos/cat.png"


def test_unreadable_images_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in (("a/1.png", PHOTO.read_bytes()), ("a/2.png", b""), ("b/3.jpg", b"no image")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path}/a/2.png is not an image, or is damaged",
        f"{tmp_path}/b/3.jpg is not an image, or is damaged",
        "2 of 3 images cannot be read",
    ]
    for name in ("a/2.png", "b/3.jpg"):
        (tmp_path / name).write_bytes(PHOTO.read_bytes())
    assert main([str(tmp_path)]) == 0


def test_no_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert "holds no folders" in capsys.readouterr().err
