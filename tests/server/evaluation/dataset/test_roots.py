from pathlib import Path

import pytest

from server.cli.flags import SettingInvalid
from server.errors import Forbidden, NotFound
from server.evaluation.dataset.roots import Place, Root, find_place, parse_roots


@pytest.fixture
def val(tmp_path: Path) -> Path:
    folder = tmp_path / "sets" / "val"
    (folder / "digits").mkdir(parents=True)
    (folder / "val_label.txt").write_text("a 1\n")
    (folder / "digits" / "labels.txt").write_text("a 1\n")
    (tmp_path / "secret.txt").write_text("x")
    return folder


def test_the_setting(val: Path) -> None:
    assert parse_roots("") == ()
    assert parse_roots(f"{val}, other={val.parent}") == (Root("val", val), Root("other", val.parent))


@pytest.mark.parametrize("text", ["/nowhere", "a=/nowhere", "=/tmp", "a/b=/tmp", "a=/tmp,a=/tmp", "upload=/tmp"])
def test_a_setting_that_cannot_be(text: str) -> None:
    with pytest.raises(SettingInvalid, match="EVALUATION_ROOTS"):
        parse_roots(text)


def test_places(val: Path) -> None:
    roots = parse_roots(str(val))
    assert find_place(roots, "val", None) == Place("val", val, None)
    assert find_place(roots, "val/digits", "labels.txt") == Place("val", val / "digits", val / "digits/labels.txt")


@pytest.mark.parametrize(
    ("dataset", "labels", "refusal"),
    [
        ("other", None, NotFound),
        ("val/none", None, NotFound),
        ("val/val_label.txt", None, NotFound),
        ("val", "none.txt", NotFound),
        ("val/..", None, Forbidden),
        ("val/digits/../..", None, Forbidden),
        ("val//etc", None, Forbidden),
        ("val", "../../secret.txt", Forbidden),
        ("val", "/etc/passwd", Forbidden),
        ("val", "a\0b", Forbidden),
        ("val/out", None, Forbidden),
        ("val", "out/secret.txt", Forbidden),
        ("val/loop", None, NotFound),
    ],
)
def test_what_is_refused(val: Path, dataset: str, labels: str | None, refusal: type[Exception]) -> None:
    (val / "out").symlink_to(val.parent.parent)
    (val / "loop").symlink_to(val / "loop")
    with pytest.raises(refusal):
        find_place(parse_roots(str(val)), dataset, labels)


def test_a_link_that_stays_inside(val: Path) -> None:
    (val / "again").symlink_to(val / "digits")
    assert find_place(parse_roots(str(val)), "val/again", None).folder == val / "digits"
