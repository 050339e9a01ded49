from pathlib import Path

import pytest

from server.evaluation.dataset.roots import Place, Root, find_place, parse_roots
from server.evaluation.evaluation_errors import DatasetForbidden, DatasetNotFound
from server.settings import SettingInvalid


@pytest.fixture
def val(tmp_path: Path) -> Path:
    folder = tmp_path / "sets" / "val"
    (folder / "digits").mkdir(parents=True)
    (folder / "val_label.txt").write_text("a 1\n")
    (folder / "digits" / "labels.txt").write_text("a 1\n")
    (tmp_path / "secret.txt").write_text("x")
    return folder


def told(place: Place) -> tuple[str, Path, Path | None]:
    return place.root, place.contents.path, place.labels


def test_the_setting(val: Path) -> None:
    assert parse_roots("") == ()
    assert parse_roots(f"{val}, other={val.parent}") == (Root("val", val), Root("other", val.parent))


@pytest.mark.parametrize("text", ["/nowhere", "a=/nowhere", "=/tmp", "a/b=/tmp", "a=/tmp,a=/tmp", "upload=/tmp"])
def test_a_setting_that_cannot_be(text: str) -> None:
    with pytest.raises(SettingInvalid, match="EVALUATION_ROOTS"):
        parse_roots(text)


def test_places(val: Path) -> None:
    roots = parse_roots(str(val))
    assert told(find_place(roots, "val", None)) == ("val", val, None)
    assert told(find_place(roots, "val/digits", "labels.txt")) == ("val", val / "digits", Path("labels.txt"))


@pytest.mark.parametrize(
    ("dataset", "labels", "refusal"),
    [
        ("other", None, DatasetNotFound),
        ("val/none", None, DatasetNotFound),
        ("val/val_label.txt", None, DatasetNotFound),
        ("val", "none.txt", DatasetNotFound),
        ("val/..", None, DatasetForbidden),
        ("val/digits/../..", None, DatasetForbidden),
        ("val//etc", None, DatasetForbidden),
        ("val", "../../secret.txt", DatasetForbidden),
        ("val", "/etc/passwd", DatasetForbidden),
        ("val", "a\0b", DatasetForbidden),
        ("val/out", None, DatasetForbidden),
        ("val", "out/secret.txt", DatasetForbidden),
        ("val/loop", None, DatasetNotFound),
    ],
)
def test_what_is_refused(val: Path, dataset: str, labels: str | None, refusal: type[Exception]) -> None:
    (val / "out").symlink_to(val.parent.parent)
    (val / "loop").symlink_to(val / "loop")
    with pytest.raises(refusal):
        find_place(parse_roots(str(val)), dataset, labels)


def test_an_unknown_root_is_refused_with_those_there_are(val: Path) -> None:
    with pytest.raises(DatasetNotFound, match=r"no data set 'vall'\. EVALUATION_ROOTS names: val\.$"):
        find_place(parse_roots(str(val)), "vall", None)
    with pytest.raises(
        DatasetNotFound,
        match=r"EVALUATION_ROOTS names none\. Start the server with EVALUATION_ROOTS=NAME=FOLDER, or send the set as an archive\.$",
    ):
        find_place((), "val", None)


def test_a_link_that_stays_inside(val: Path) -> None:
    (val / "again").symlink_to(val / "digits")
    assert find_place(parse_roots(str(val)), "val/again", None).contents.read("labels.txt", 10) == b"a 1\n"
