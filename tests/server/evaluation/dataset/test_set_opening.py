"""Opened sets: the same list from every layout, nothing left out in silence, and clear words where there is none."""

import os
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.store import ZOO
from server.evaluation.dataset.labelled_set import LabelledSet
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.dataset.set_opening import open_labelled_set
from server.evaluation.evaluation_errors import DatasetInvalid
from server.images.picture_files import is_side_file

IMAGENET = (ZOO / "imagenet.names").read_text("utf-8").splitlines()
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
    labels = make(root, "a.png", "sub/b.JPEG", "c.jpg", labels=f"\ufeffsub\\b 1\r\n./a.png 0\r\n{root}/c 2\r\n")
    found = open_labelled_set(RootFiles(root), labels, CLASSES)
    assert pairs(found) == [("sub\\b", 1), ("./a.png", 0), (f"{root}/c", 2)]
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
    make(root, *(f"{folder}/{image}.png" for folder in folders for image in "yx"), "loose.txt")
    found = open_labelled_set(RootFiles(root), None, CLASSES)
    by_name = dict(pairs(found))
    assert by_name == {f"{folder}/{image}.png": class_id for class_id, folder in enumerate(folders) for image in "xy"}
    assert found.format == f"class folders ({kind})"
    assert found.notes[0] == "1 files outside the class folders are left out: loose.txt."
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
        (("notes.txt", "val.zip"), None, r"has no images, but val.zip\. Unpack it first"),
        (("a.png", "val.txt"), None, r"holds 2 files but no labels.*Give a file of labels \(val.txt\?\)"),
        (("a.png",), "", "holds no labels"),
        (("a.png",), "a.png 0\na 1\n", "line 2: 'a' already has another label, as 'a.png'"),
        (("a.png",), "a.png 3\n", "Label 3 is out of range"),
        (("a.png",), "a.png 1\nb.png 2\nc.png 3\n", "from 1 to 3"),
        (("a.png",), "b.png 1\n", "None of the 1 images"),
        (("a.png",), "../set/a.png 1\n", "is not a name inside the folder"),
        (("a.png",), "/etc/passwd 1\n", "is not a name inside the folder"),
        (("a.png",), "a\0.png 1\n", "is not a name inside the folder"),
        (("zebra/a.png", "tench/b.png"), None, "'zebra' is not a class of the model"),
        (
            ("shark/a.png",),
            None,
            "shark holds 1 files but no labels, and 'shark' is not a class of the model.*2 great white shark.*--map shark=2",
        ),
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
        "word",
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


def test_a_file_whose_name_is_not_utf8_has_a_name_that_can_be_written(root: Path) -> None:
    (root / "0").mkdir()
    (root / "0" / os.fsdecode(b"\xff.png")).write_bytes(b"found")
    (item,) = open_labelled_set(RootFiles(root), None, CLASSES)
    assert (item.name, item.path.read_bytes()) == ("0/\\xff.png", b"found")


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..") and not is_side_file(name)
)


@given(
    st.lists(
        st.tuples(st.lists(NAMES, max_size=3), NAMES, st.sampled_from((".jpg", ".jfif", ".JPE", ".tif", ".gif", "", ".txt"))),
        min_size=1,
        max_size=6,
    )
)
def test_every_file_below_a_class_folder_is_listed_at_any_depth(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[tuple[list[str], str, str]]
) -> None:
    root = tmp_path_factory.mktemp("set")
    for folders, stem, ending in wanted:
        path = root.joinpath("tench", *folders, stem + ending)
        with suppress(FileExistsError, NotADirectoryError, IsADirectoryError):  # of two names, one may be the other's folder
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    found = open_labelled_set(RootFiles(root), None, CLASSES)
    assert {item.path for item in found} == {path for path in root.rglob("*") if path.is_file()}
    assert {item.label for item in found} == {0}


def test_side_files_are_left_out_and_told(root: Path) -> None:
    make(
        root,
        "tench/1.jpg",
        "tench/Thumbs.db",
        "tench/.ipynb_checkpoints/1.jpg",
        "goldfish/._1.jpg",
        "goldfish/1.jpg",
        ".DS_Store",
        "__MACOSX/._x",
    )
    found = open_labelled_set(RootFiles(root), None, CLASSES)
    assert [name for name, _ in pairs(found)] == ["goldfish/1.jpg", "tench/1.jpg"]
    assert found.notes[0].startswith("5 hidden files and files of systems are left out: ")
    assert {".DS_Store (1)", "Thumbs.db (1)", "._* (1)"} <= set(re.findall(r"[^ ,]+ \(1\)", found.notes[0]))


@pytest.mark.parametrize("wrapper", ["val", "my set/val", "zebra"])
def test_a_wrapper_makes_no_difference(root: Path, wrapper: str) -> None:
    make(root / wrapper, "tench/1.jpg", "goldfish/1.jpg")
    make(root, "__MACOSX/._x", "__MACOSX/val/._y")
    found = open_labelled_set(RootFiles(root), None, CLASSES)
    assert pairs(found) == [("goldfish/1.jpg", 1), ("tench/1.jpg", 0)]
    assert found.notes == (f"The set is in {wrapper}/, the only folder.", "1 hidden files and files of systems are left out: __MACOSX (1).")


@pytest.mark.parametrize("names", [("train", "val"), ("train", "val", "tench"), ("val", "annotations")])
def test_parts_of_a_set_are_refused_with_the_one_to_name(root: Path, names: tuple[str, ...]) -> None:
    make(root / "wrapper", *(f"{name}/tench/1.jpg" for name in names))
    with pytest.raises(DatasetInvalid, match=re.escape(f"Name one of them: {root}/wrapper/val")):
        open_labelled_set(RootFiles(root), None, CLASSES)
    assert len(open_labelled_set(RootFiles(root / "wrapper/val"), None, CLASSES)) == 1


@pytest.mark.parametrize(
    ("files", "name", "labels", "expected"),
    [
        (["v2/0/1.jpeg", "v2/999/1.jpeg"], None, "", [0, 999]),
        (["imagenette2/val/n01440764/1.JPEG", "imagenette2/val/n03888257/2.JPEG"], None, "", [0, 701]),
        (["Images/n02085620-Chihuahua/1.jpg", "Images/n02085936-Maltese_dog/2.jpg"], None, "", [151, 153]),
        (["ILSVRC2012_val_00048981.JPEG", "ILSVRC2012_val_00037956.JPEG"], "LOC_val_solution.csv",
         ("ImageId,PredictionString\nILSVRC2012_val_00048981,n03995372 85 1 499 272 \n"
          "ILSVRC2012_val_00037956,n01751748 1 2 3 4 n01751748 5 6 7 8 \n"),
         [740, 65]),
        (["val/ILSVRC2012_val_00000002.JPEG", "val/ILSVRC2012_val_00000010.JPEG"], "ILSVRC2012_validation_ground_truth.txt",
         "490\n361\n171\n822\n297\n482\n13\n704\n599\n164\n", [65, 970, 230, 809, 516, 57, 334, 415, 674, 332]),
        (["n01440764/a.JPEG", "n01443537/b.JPEG"], "imagenet_label.json", '{"a.JPEG": 0, "b.JPEG": 1}', [0, 1]),
        (["train/a.png", "train/b.png"], "metadata.jsonl",
         '{"file_name": "train/a.png", "label": 3}\n{"file_name": "train/b.png", "label": 281}', [3, 281]),
        (["a.png", "b.png"], "metadata.csv", "file_name,label\na.png,tench\nb.png,Egyptian cat\n", [0, 285]),
    ],
    ids=["ImageNet-V2", "Imagenette", "Stanford Dogs", "Kaggle", "development kit", "ours", "JSON lines", "imagefolder"],
)  # fmt: skip
def test_sets_that_people_have(root: Path, files: list[str], name: str | None, labels: str, expected: list[int]) -> None:
    make(root, *files)
    if name:
        (root / name).write_text(labels)
    assert [label for _, label in pairs(open_labelled_set(RootFiles(root), None, IMAGENET))] == expected


def test_a_list_of_another_models_classes_is_refused(root: Path) -> None:
    make(root, "n01440764/a.JPEG", "n03888257/b.JPEG")
    (root / "imagenet_label.json").write_text('{"a.JPEG": 0, "b.JPEG": 1}')
    with pytest.raises(DatasetInvalid, match=r"gives class 1 to 'n03888257/b\.JPEG', but n03888257 is class 701 of the model"):
        open_labelled_set(RootFiles(root), None, IMAGENET)


def test_the_kits_numbers_are_refused_for_another_model(root: Path) -> None:
    make(root, "ILSVRC2012_val_00000001.JPEG")
    (root / "ILSVRC2012_validation_ground_truth.txt").write_text("490\n361\n171\n822\n297\n482\n13\n704\n599\n164\n")
    with pytest.raises(DatasetInvalid, match="The labels are 10 synsets, but the model has 3 classes"):
        open_labelled_set(RootFiles(root), None, CLASSES)


def test_groups_of_classes_are_named_in_a_map(root: Path) -> None:
    make(root, "cat/1.jpg", "dog/2.jpg", "tench/3.jpg")
    with pytest.raises(DatasetInvalid, match=r"'cat' is not a class of the model\. Other labels that are not: dog.*--map cat=281-285 "):
        open_labelled_set(RootFiles(root), None, IMAGENET)
    found = open_labelled_set(RootFiles(root), None, IMAGENET, label_map="cat=281-285,dog=151-268")
    assert [label for _, label in pairs(found)] == [281, 151, 0]
    assert found.groups == {"cat": tuple(range(281, 286)), "dog": tuple(range(151, 269))}
    assert "'cat' counts as the classes 281-285." in found.notes
