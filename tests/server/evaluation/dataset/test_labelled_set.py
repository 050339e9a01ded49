"""Labelled sets: the same list from every layout, and clear words where there is none."""

import os
from pathlib import Path

import pytest

from server.evaluation.dataset.labelled_set import LabelledSet, open_labelled_set
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.evaluation_errors import DatasetInvalid

CLASSES = ["tench", "goldfish", "great white shark, white shark"]


def make(root: Path, *files: str, labels: str | None = None) -> Path | None:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(file.encode())
    if labels is None:
        return None
    (root.parent / "list.txt").write_bytes(labels.encode())
    return root.parent / "list.txt"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "set").mkdir()
    return tmp_path / "set"


def pairs(found: LabelledSet) -> list[tuple[str, int | None]]:
    return [(item.name, item.label) for item in found]


def test_a_list_keeps_its_order_and_finds_its_files(root: Path) -> None:
    labels = make(root, "a.png", "sub/b.JPEG", "c.jpg", labels="\ufeffsub\\b 1\r\n./a.png 0\r\nc 2\r\n")
    found = open_labelled_set(RootFiles(root), labels, CLASSES)
    assert pairs(found) == [("sub\\b", 1), ("./a.png", 0), ("c", 2)]
    assert [item.path.read_bytes() for item in found] == [b"sub/b.JPEG", b"a.png", b"c.jpg"]
    assert (found.format, found.notes, len(found), found.labelled) == ("list of names and labels (class ids)", (), 3, 3)


@pytest.mark.parametrize(
    ("folders", "kind"),
    [
        (("0", "1", "2"), "class ids"),
        (("00", "01", "02"), "class ids"),
        (("n01440764", "n01443537", "n01484850"), "synsets in their order"),
        (("Tench", "goldfish", "white_shark"), "names of classes"),
    ],
    ids=["ids", "padded", "synsets", "names"],
)
def test_class_folders_of_every_kind_are_one_list(root: Path, folders: tuple[str, ...], kind: str) -> None:
    make(root, *(f"{folder}/{image}.png" for folder in folders for image in "yx"), "loose.png")
    found = open_labelled_set(RootFiles(root), None, CLASSES)
    by_name = dict(pairs(found))
    assert by_name == {f"{folder}/{image}.png": class_id for class_id, folder in enumerate(folders) for image in "xy"}
    assert found.format == f"class folders ({kind})"
    assert found.notes[0] == "1 images outside the class folders are left out."
    assert found.sha256 == open_labelled_set(RootFiles(root), None, CLASSES).sha256


def test_images_beside_their_list(root: Path) -> None:
    make(root, "images/a.png", "images/b.png", "classes/0/a.png")
    (root / "val_label.txt").write_text("a.png 0\nb 1\n")
    found = open_labelled_set(RootFiles(root), None, CLASSES)
    assert [(item.path.relative_to(root).as_posix(), item.label) for item in found] == [("images/a.png", 0), ("images/b.png", 1)]
    assert found.notes[-1] == "Images from images/, which is next to the list."
    (root / "val_label.txt").write_text("images/a.png 0\n")
    assert [item.path.read_bytes() for item in open_labelled_set(RootFiles(root), None, CLASSES)] == [b"images/a.png"]


def test_images_that_lead_out(root: Path, tmp_path: Path) -> None:
    make(tmp_path / "other", "a.png")
    (root / "images").symlink_to(tmp_path / "other")
    (root / "val_label.txt").write_text("a.png 0\n")
    with pytest.raises(DatasetInvalid, match="leads out"):
        open_labelled_set(RootFiles(root), None, CLASSES)


def test_a_label_file_in_the_folder_is_found_and_told(root: Path) -> None:
    make(root, "a.png", "b.png")
    (root / "val_label.txt").write_text("a.png 1\n")
    found = open_labelled_set(RootFiles(root), None, CLASSES)
    assert pairs(found) == [("a.png", 1)]
    assert found.notes == (
        "Labels from val_label.txt, which is in the folder.",
        "1 images of the folder are not in the list and are left out.",
    )


def test_what_is_missing_or_cannot_be_read_stays_in_the_list(root: Path) -> None:
    labels = make(root, "a.png", labels="a.png 0\nmissing.png 1\n" + "x" * 5000 + " 2\n")
    (root / "folder.png").mkdir()
    found = open_labelled_set(RootFiles(root), labels, CLASSES)
    assert len(found) == 3
    assert not found[1].path.exists()
    assert found.notes == ("2 images of the list are not in the folder: they count as failures.",)


def test_lines_that_come_twice_count_once(root: Path) -> None:
    labels = make(root, "a.png", labels="a.png 0\na 0\nb 1\nb 1\n")
    found = open_labelled_set(RootFiles(root), labels, CLASSES)
    assert pairs(found) == [("a.png", 0), ("b", 1)]
    assert found.notes[0] == "2 lines repeat an image with the same label and are counted once."


def test_cells_without_a_label_are_images_without_one(root: Path) -> None:
    make(root, "a.png", "b.png")
    (root / "labels.csv").write_text("name,label\na.png,2\nb.png,\n")
    found = open_labelled_set(RootFiles(root), root / "labels.csv", CLASSES)
    assert pairs(found) == [("a.png", 2), ("b.png", None)]
    assert (len(found), found.labelled) == (2, 1)


@pytest.mark.parametrize(
    ("files", "labels", "words"),
    [
        ((), None, "has no images"),
        (("notes.txt",), None, "has no images"),
        (("a.png",), None, "holds 1 images but no labels"),
        (("a.png",), "", "holds no labels"),
        (("a.png",), "a.png 0\na 1\n", "line 2: 'a' already has another label, as 'a.png'"),
        (("a.png",), "a.png 3\n", "Label 3 is out of range"),
        (("a.png",), "a.png 1\nb.png 2\nc.png 3\n", "from 1 to 3"),
        (("a.png",), "b.png 1\n", "None of the 1 images"),
        (("a.png",), "../set/a.png 1\n", "is not a name inside the folder"),
        (("a.png",), "/etc/passwd 1\n", "is not a name inside the folder"),
        (("a.png",), "a\0.png 1\n", "is not a name inside the folder"),
        (("zebra/a.png",), None, "'zebra' is not a class of the model"),
        (("0/a.png", "3/a.png"), None, "Label 3 is out of range"),
    ],
    ids=[
        "empty",
        "no image",
        "no labels",
        "empty list",
        "two labels",
        "range",
        "shift",
        "other names",
        "up",
        "absolute",
        "NUL",
        "name",
        "folder range",
    ],
)
def test_what_makes_no_labelled_set_is_refused_in_words(root: Path, files: tuple[str, ...], labels: str | None, words: str) -> None:
    path = make(root, *files, labels=labels)
    with pytest.raises(DatasetInvalid, match=words):
        open_labelled_set(RootFiles(root), path, CLASSES)


def test_two_label_files_are_one_too_many(root: Path) -> None:
    make(root, "a.png", "labels.txt", "labels.csv")
    with pytest.raises(DatasetInvalid, match=r"labels.txt and labels.csv.*Choose the file"):
        open_labelled_set(RootFiles(root), None, CLASSES)


def test_a_table_without_any_label_is_refused(root: Path) -> None:
    make(root, "a.png")
    (root / "labels.csv").write_text("name,label\na.png,\n")
    with pytest.raises(DatasetInvalid, match="1 names but no labels"):
        open_labelled_set(RootFiles(root), None, CLASSES)


def test_a_limit_is_spread_over_the_list_and_told(root: Path) -> None:
    make(root, *(f"{class_id}/{image}.png" for class_id in range(3) for image in range(4)))
    found = open_labelled_set(RootFiles(root), None, CLASSES, limit=6)
    assert [label for _, label in pairs(found)] == [0, 0, 1, 1, 2, 2]
    assert found.notes == ("6 of 12 images, evenly spread over the list.",)
    assert len(open_labelled_set(RootFiles(root), None, CLASSES, limit=99)) == 12
    with pytest.raises(DatasetInvalid, match="A limit of 0"):
        open_labelled_set(RootFiles(root), None, CLASSES, limit=0)


def test_the_hash_is_of_names_and_labels_in_their_order(root: Path) -> None:
    hashes = {
        open_labelled_set(RootFiles(root), make(root, "a.png", "b.png", labels=text), CLASSES).sha256
        for text in ("a 0\nb 1\n", "b 1\na 0\n", "a 1\nb 1\n", "a.png 0\nb 1\n")
    }
    assert len(hashes) == 4


def test_a_file_whose_name_is_not_utf8_has_a_name_that_can_be_written(root: Path) -> None:
    (root / "0").mkdir()
    (root / "0" / os.fsdecode(b"\xff.png")).write_bytes(b"found")
    (item,) = open_labelled_set(RootFiles(root), None, CLASSES)
    assert (item.name, item.path.read_bytes()) == ("0/\\xff.png", b"found")
