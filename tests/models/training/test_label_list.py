import json
from pathlib import Path

import pytest

from models.training.label_list import label_list, main
from models.training.listing import Listing, read_listing
from models.training.training_errors import DataInvalid

LISTING = Listing(Path("data"), ("n01/b.JPEG", "n02/a.JPEG"), (0, 1), ("n01", "n02"))


def test_the_formats() -> None:
    assert json.loads(label_list(LISTING, "json")) == {"b.JPEG": 0, "a.JPEG": 1}
    assert label_list(LISTING, "txt") == "a.JPEG 1\nb.JPEG 0\n"
    assert label_list(LISTING, "txt", paths=True) == "n01/b.JPEG 0\nn02/a.JPEG 1\n"


def test_two_images_of_one_name() -> None:
    twice = Listing(Path("data"), ("n01/a.JPEG", "n02/a.JPEG"), (0, 1), ("n01", "n02"))
    with pytest.raises(DataInvalid, match=r"Two classes of data have an image of the name 'a\.JPEG'\. .*--paths"):
        label_list(twice, "json")
    assert json.loads(label_list(twice, "json", paths=True)) == {"n01/a.JPEG": 0, "n02/a.JPEG": 1}


def test_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in LISTING.names:
        (tmp_path / "val" / name).parent.mkdir(parents=True)
        (tmp_path / "val" / name).touch()
    monkeypatch.chdir(tmp_path)
    assert main(["--img_path", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "imagenet_label.json").read_text()) == {"b.JPEG": 0, "a.JPEG": 1}
    assert main(["--img_path", "val", "--format", "txt", "--paths"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "val_label.txt: 2 images of 2 classes"
    assert read_listing(tmp_path / "val", tmp_path / "val_label.txt").labels == (0, 1)


def test_refusals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--img_path", str(tmp_path / "nowhere")]) == 1
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.png").touch()
    assert main(["--img_path", str(tmp_path), "--out", str(tmp_path / "no" / "list")]) == 1
    told = capsys.readouterr().err.splitlines()
    assert "nowhere does not exist." in told[0]
    assert told[1].endswith("cannot be written: No such file or directory.")
