"""The folder of a set: names without endings, links, and what cannot be read."""

import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from server.evaluation.dataset.image_folder import ImageFolder
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.evaluation_errors import DatasetInvalid


def make(root: Path, *files: str) -> ImageFolder:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(b"")
    return ImageFolder(RootFiles(root))


def test_files_and_folders_are_sorted_and_side_files_counted(tmp_path: Path) -> None:
    folder = make(tmp_path, "b.JPEG", "a", ".c.png", "._b.JPEG", "z/1.bmp", "z/y/2", "z/Thumbs.db", ".hidden/3.png", "__MACOSX/._b.JPEG")
    assert (folder.files(), folder.folders()) == (["a", "b.JPEG"], ["z"])
    assert list(folder.walk()) == ["a", "b.JPEG", "z/1.bmp", "z/y/2"]
    assert folder.side_files() == {".c.png": 1, "._*": 1, "Thumbs.db": 1, ".hidden": 1, "__MACOSX": 1}
    assert sorted(folder.side_paths()) == ["._b.JPEG", ".c.png", ".hidden", "__MACOSX", "z/Thumbs.db"]


@pytest.mark.parametrize(
    ("files", "only"),
    [
        (["val/a.png"], "val"),
        (["val/x/a.png", "README", ".git/config", "__MACOSX/x"], "val"),
        (["val/a.png", "train/a.png"], None),
        (["val/a.png", "b.png"], None),
        (["a.png"], None),
    ],
)
def test_the_only_folder_wraps_a_set(tmp_path: Path, files: list[str], only: str | None) -> None:
    assert make(tmp_path, *files).only_folder() == only


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    make(tmp_path, "a/1.png")
    (tmp_path / "a/again").symlink_to(tmp_path / "a")
    with pytest.raises(DatasetInvalid, match="32 folders deep"):
        list(ImageFolder(RootFiles(tmp_path)).walk())


def test_a_bare_name_is_found_in_folders_below(tmp_path: Path) -> None:
    folder = make(tmp_path, "x/1.png", "y/2.JPEG", "y/2.xml", "x/3.png", "y/3.png")
    assert [folder.find_anywhere(name) for name in ("1.png", "2", "2.jpg", "2.xml", "4", "2.txt")] == [
        "x/1.png", "y/2.JPEG", "y/2.JPEG", "y/2.xml", None, None,
    ]  # fmt: skip
    with pytest.raises(DatasetInvalid, match=r"'3\.png' may mean x/3\.png or y/3\.png"):
        folder.find_anywhere("3.png")


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("listed", ["NFC", "NFD"])
def test_an_accent_may_be_written_otherwise_than_on_the_disk(
    tmp_path: Path, on_disk: Literal["NFC", "NFD"], listed: Literal["NFC", "NFD"]
) -> None:
    """macOS and its archives take it from its letter; lists that are typed do not."""
    file, name = unicodedata.normalize(on_disk, "é/crème.png"), unicodedata.normalize(listed, "é/crème.jpg")
    folder = make(tmp_path, file)
    assert (folder.find(name), folder.find_anywhere(name.partition("/")[2])) == (file, file)


def test_pictures_that_are_not_listed_are_counted_by_their_bytes(tmp_path: Path) -> None:
    folder = make(tmp_path, "a.png", "b.jpg", "c", "notes.txt", "val_label.txt")
    (tmp_path / "c").write_bytes(b"\xff\xd8\xff\xe0")
    folder.files()
    assert folder.unlisted_pictures({"a.png"}) == 2


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("a.png", "a.png"),
        ("a", "a.png"),
        ("a.jpg", "a.png"),
        ("sub/b", "sub/b.JPEG"),
        ("a.b", "a.b.jpg"),
        ("a.tar", None),
        ("c.jpg", "c.jfif"),
        ("d", "d.GIF"),
        ("e", "e.png"),
        ("f", "f"),
        ("no/a", None),
        ("x" * 5000 + "/a", None),
    ],
)
def test_a_name_may_lack_its_ending_or_have_another(tmp_path: Path, name: str, file: str | None) -> None:
    assert make(tmp_path, "a.png", "a.b.jpg", "sub/b.JPEG", "c.jfif", "d.GIF", "e.png", "e.xml", "f").find(name) == file


def test_a_name_that_could_be_two_images_is_refused_without_its_ending(tmp_path: Path) -> None:
    folder = make(tmp_path, "a.png", "a.jpg")
    assert folder.find("a.png") == "a.png"
    with pytest.raises(DatasetInvalid, match="ending too"):
        folder.find("a")


@pytest.mark.parametrize("link", ["image.png", "folder"])
def test_a_link_that_leads_out_is_refused_unless_links_are_followed(tmp_path: Path, link: str) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    make(outside, "image.png")
    make(root, "inside.png")
    (root / link).symlink_to(outside / "image.png" if link == "image.png" else outside)
    with pytest.raises(DatasetInvalid, match="leads out of"):
        ImageFolder(RootFiles(root)).files()
    assert ImageFolder(RootFiles(root, follow_links=True)).files()


def test_a_listed_folder_that_is_a_link_is_refused_too(tmp_path: Path) -> None:
    make(tmp_path / "outside", "image.png")
    make(tmp_path / "root/below", "a.png")
    (tmp_path / "root/below/link").symlink_to(tmp_path / "outside")
    with pytest.raises(DatasetInvalid, match="leads out of"):
        ImageFolder(RootFiles(tmp_path / "root")).find("below/link/image.png")


def test_links_within_the_folder_are_welcome(tmp_path: Path) -> None:
    make(tmp_path, "real/a.png")
    (tmp_path / "b.png").symlink_to(tmp_path / "real/a.png")
    assert ImageFolder(RootFiles(tmp_path)).files() == ["b.png"]


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for name, words in (("none", "does not exist"), ("file", "is not a folder. Unpack an archive first")):
        with pytest.raises(DatasetInvalid, match=f"{name} {words}"):
            ImageFolder(RootFiles(tmp_path / name))
