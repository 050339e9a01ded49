"""The folder of a set: names without endings, links, and what cannot be read."""

from pathlib import Path

import pytest

from server.evaluation.dataset.image_folder import ImageFolder
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.evaluation_errors import DatasetInvalid


def make(root: Path, *files: str) -> ImageFolder:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(b"")
    return ImageFolder(RootFiles(root))


def test_images_and_folders_are_sorted_and_hidden_ones_passed_over(tmp_path: Path) -> None:
    folder = make(tmp_path, "b.JPEG", "a.png", ".c.png", "notes.txt", "z/1.bmp", "y/2.webp", ".hidden/3.png")
    assert (folder.images(), folder.folders(), folder.images("z")) == (["a.png", "b.JPEG"], ["y", "z"], ["1.bmp"])
    assert folder.image_count() == 3


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("a.png", "a.png"),
        ("a", "a.png"),
        ("a.jpg", "a.png"),
        ("sub/b", "sub/b.JPEG"),
        ("a.b", "a.b.jpg"),
        ("a.tar", None),
        ("no/a", None),
        ("x" * 5000 + "/a", None),
    ],
)
def test_a_name_may_lack_its_ending_or_have_another(tmp_path: Path, name: str, file: str | None) -> None:
    assert make(tmp_path, "a.png", "a.b.jpg", "sub/b.JPEG").find(name) == file


def test_a_name_that_could_be_two_images_is_refused_without_its_ending(tmp_path: Path) -> None:
    folder = make(tmp_path, "a.png", "a.jpg")
    assert folder.find("a.png") == "a.png"
    with pytest.raises(DatasetInvalid, match="Write its ending too"):
        folder.find("a")


@pytest.mark.parametrize("link", ["image.png", "folder"])
def test_a_link_that_leads_out_is_refused_unless_links_are_followed(tmp_path: Path, link: str) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    make(outside, "image.png")
    make(root, "inside.png")
    (root / link).symlink_to(outside / "image.png" if link == "image.png" else outside)
    with pytest.raises(DatasetInvalid, match="leads out of"):
        ImageFolder(RootFiles(root)).images()
    assert ImageFolder(RootFiles(root, follow_links=True)).images()


def test_a_listed_folder_that_is_a_link_is_refused_too(tmp_path: Path) -> None:
    make(tmp_path / "outside", "image.png")
    make(tmp_path / "root/below", "a.png")
    (tmp_path / "root/below/link").symlink_to(tmp_path / "outside")
    with pytest.raises(DatasetInvalid, match="leads out of"):
        ImageFolder(RootFiles(tmp_path / "root")).find("below/link/image.png")


def test_links_within_the_folder_are_welcome(tmp_path: Path) -> None:
    make(tmp_path, "real/a.png")
    (tmp_path / "b.png").symlink_to(tmp_path / "real/a.png")
    assert ImageFolder(RootFiles(tmp_path)).images() == ["b.png"]


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "none", tmp_path / "file"):
        with pytest.raises(DatasetInvalid, match="is not a folder"):
            ImageFolder(RootFiles(path))
