"""Where a set lies: wrappers, parts, and images beside their list."""

from pathlib import Path

import pytest

from server.evaluation.dataset.image_folder import ImageFolder
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.dataset.set_layout import beside_the_list, label_files, parts, refuse_parts, unwrapped


def make(root: Path, *files: str) -> ImageFolder:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return ImageFolder(RootFiles(root))


@pytest.mark.parametrize(
    ("files", "at", "note"),
    [
        (["val/tench/1.jpg", "val/cat/1.jpg"], "val", "The set is in val/, the only folder."),
        (
            ["a/b/tench/1.jpg", "a/b/cat/1.jpg", "README", "a/LICENSE"],
            "a/b",
            "The set is in a/b/, the only folder. 2 files beside it are left out.",
        ),
        (["val/val_label.txt", "val/1.jpg"], "val", "The set is in val/, the only folder."),
        (["val/1.jpg"], "val", "The set is in val/, the only folder."),
        (["tench/1.jpg"], "", None),
        (["tench/deep/er/1.jpg"], "", None),
        (["n01440764/1.jpg"], "", None),
        (["999/1.jpg"], "", None),
        (["images/1.jpg", "val_label.txt"], "", None),
        (["val/tench/1.jpg", "loose.jpg"], "", None),
    ],
)
def test_wrappers(tmp_path: Path, files: list[str], at: str, note: str | None) -> None:
    notes: list[str] = []
    assert unwrapped(make(tmp_path, *files), lambda name: name == "tench", notes).root == tmp_path / at
    assert notes == ([note] if note else [])


@pytest.mark.parametrize(
    ("folders", "first"), [(("train", "val"), "val"), (("Train", "Test"), "Test"), (("train", "validation", "test"), "validation")]
)
def test_the_part_to_measure_with_is_named(tmp_path: Path, folders: tuple[str, ...], first: str) -> None:
    folder = make(tmp_path, *(f"{name}/0/1.png" for name in folders))
    found = parts(folder)
    assert sorted(found) == sorted(folders)
    assert refuse_parts(folder, found).remedy == f"Name one of them: {tmp_path}/{first}"


def test_lists_are_known_by_their_names(tmp_path: Path) -> None:
    assert label_files(make(tmp_path, "notes.txt", "metadata.jsonl", "x/labels.txt")) == ["metadata.jsonl"]


@pytest.mark.parametrize(
    ("files", "at"),
    [
        (["1.png", "images/1.png"], ""),
        (["images/1.png", "masks/1.png"], "images"),
        (["val/images/1.png"], "val/images"),
        (["a/1.png", "b/2.png"], ""),
        (["images/9.png", "masks/9.png"], "images"),
    ],
)
def test_images_beside_a_list(tmp_path: Path, files: list[str], at: str) -> None:
    assert beside_the_list(make(tmp_path, *files), "1.png", []).root == tmp_path / at
