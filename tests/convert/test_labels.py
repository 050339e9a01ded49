from pathlib import Path

import pytest

from convert.conversion_errors import ConvertError
from convert.labels import count_labels, labels_for
from models.store import zoo_manifest


def test_imagenets() -> None:
    labels = labels_for(1000)
    assert (labels.name, labels.sha256) == ("imagenet.names", zoo_manifest("resnext50_32x4d").labels_sha256)


def test_made_up() -> None:
    labels = labels_for(3)
    assert (labels.name, labels.content) == ("labels.names", b"class 0\nclass 1\nclass 2\n")
    assert "no labels for 3 classes" in labels.told


def test_the_users(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_bytes("Käse\nWurst\n".encode())
    labels = labels_for(2, file)
    assert (labels.name, labels.content) == ("labels.names", file.read_bytes())


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbfcat\r\ndog\r\n", b"cat\rdog", b"# classes\ncat\ndog \n\n \n\n"], ids=["Windows", "Mac", "blanks"]
)
def test_marks_line_ends_and_blank_lines_at_the_end_are_not_labels(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.txt").write_bytes(content)
    assert labels_for(2, tmp_path / "mine.txt").content == b"cat\ndog\n"
    assert count_labels(tmp_path / "mine.txt") == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"one\ntwo\nthree\n", r"has 3 labels \(0 empty\) for 2 classes"),
        (b"one\n\n", r"has 1 labels \(0 empty\)"),
        (b"\none\n", r"has 2 labels \(1 empty\)"),
        (b"one\n\xff\n", r"line 2 is not UTF-8"),
        ("one\ntwo\n".encode("utf-16"), r"it is UTF-16"),
        (None, "No such file"),
    ],
)
def test_labels_that_do_not_fit(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "mine.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConvertError, match=message):
        labels_for(2, file)
