from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.training.listing import Listing, read_listing
from models.training.training_errors import DataInvalid


def images(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_class_folders(tmp_path: Path) -> None:
    images(tmp_path, "n02/b.JPEG", "n02/a.png", "n01/c.webp", "n01/.hidden.png", "n01/notes.txt", ".cache/x.png", "readme.txt")
    listing = read_listing(tmp_path)
    assert listing == Listing(tmp_path, ("n01/c.webp", "n02/a.png", "n02/b.JPEG"), (0, 1, 1), ("n01", "n02"))
    assert (len(listing), listing.path(1)) == (3, tmp_path / "n02/a.png")


@pytest.mark.parametrize("side", ["eval", "val", "validation", "test"])
def test_the_sides_of_a_data_set(tmp_path: Path, side: str) -> None:
    images(tmp_path, "train/cat/1.png", "train/dog/2.png", f"{side}/cat/3.png", f"{side}/dog/4.png")
    assert read_listing(tmp_path, training=True).names == ("cat/1.png", "dog/2.png")
    assert read_listing(tmp_path, training=False).names == ("cat/3.png", "dog/4.png")
    assert read_listing(tmp_path / "train", training=False).names == ("cat/1.png", "dog/2.png")


@pytest.mark.parametrize("training", [True, False])
def test_sides_of_other_classes(tmp_path: Path, training: bool) -> None:
    images(tmp_path, "train/cat/1.png", "train/dog/2.png", "eval/dog/4.png")
    with pytest.raises(DataInvalid, match=r"The class 'cat' has no folder in .*eval\."):
        read_listing(tmp_path, training=training)


def test_a_side_is_missing(tmp_path: Path) -> None:
    images(tmp_path, "train/cat/1.png")
    with pytest.raises(DataInvalid, match=r"holds train/, but no eval, val or test"):
        read_listing(tmp_path, training=False)


def test_a_class_may_be_named_test(tmp_path: Path) -> None:
    images(tmp_path, *(f"{name}/1.png" for name in ("a", "b", "c", "d", "e", "test")))
    assert len(read_listing(tmp_path, training=True).classes) == 6


def test_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match=rf"{tmp_path}/data/x does not exist\. {tmp_path} exists; set data_path"):
        read_listing(tmp_path / "data" / "x")


def test_empty_class_folders_are_named(tmp_path: Path) -> None:
    images(tmp_path, "a/1.png", "b/notes.txt", "c/2.jpg", "d/3.gif")
    with pytest.raises(DataInvalid, match=r"2 of 4 class folders of .* are empty: b, d\."):
        read_listing(tmp_path)


@pytest.mark.parametrize(("name", "message"), [("1.png", "holds images, but one folder per class"), ("notes.txt", "holds no folders")])
def test_no_class_folders(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(DataInvalid, match=message):
        read_listing(images(tmp_path, name))


def test_a_list_file(tmp_path: Path) -> None:
    images(tmp_path, "b.png", "a b.png")
    (tmp_path / "val_label.txt").write_text("b.png 3\n\n a b.png  0 \n")
    listing = Listing(tmp_path, ("b.png", "a b.png"), (3, 0))
    assert read_listing(tmp_path, tmp_path / "val_label.txt") == listing
    assert read_listing(tmp_path / "val_label.txt") == listing


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("b.png", "line 1: 'b.png' is not"),
        ("b.png 1\nb.png x", "line 2: 'b.png x' is not"),
        ("b.png -1", "is not"),
        ("b.png ²", "is not"),
        ("b.png 1234567890", "is not"),
        ("/etc/passwd 1", "leads out"),
        ("../b.png 1", "leads out"),
        ("b.png 1\nb.png 2", "names 'b.png' twice"),
        ("c.png 1", r"c\.png, the first image of .*, does not exist"),
    ],
)
def test_a_list_that_cannot_be(tmp_path: Path, text: str, message: str) -> None:
    images(tmp_path, "b.png")
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(DataInvalid, match=message):
        read_listing(tmp_path, tmp_path / "list.txt")


def test_a_list_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "list.txt", tmp_path / "nosuch.txt"):
        with pytest.raises(DataInvalid, match="cannot be read"):
            read_listing(tmp_path, path)


@given(content=st.binary(max_size=200))
def test_any_bytes_as_a_list(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = images(tmp_path_factory.mktemp("list"), "b.png")
    (folder / "list.txt").write_bytes(b"b.png 0\n" + content)
    try:
        listing = read_listing(folder, folder / "list.txt")
    except DataInvalid:
        return
    assert all(0 <= label <= 1_000_000 for label in listing.labels)
    assert all((folder / name).is_relative_to(folder) for name in listing.names)


def test_the_number_of_classes(tmp_path: Path) -> None:
    folders = read_listing(images(tmp_path, "a/1.png", "b/2.png"))
    folders.check_classes(2)
    with pytest.raises(DataInvalid, match=r"has 2 class folders, but num_classes is 3\. Set num_classes"):
        folders.check_classes(3)
    listed = Listing(tmp_path, ("a/1.png", "b/2.png"), (0, 5))
    listed.check_classes(6)
    with pytest.raises(DataInvalid, match=r"b/2\.png of .* has the class 5, but num_classes is 5\. Class ids start at 0"):
        listed.check_classes(5)
