"""Files of labels as people and their tools write them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.evaluation.dataset.label_files import MAX_JSON_BYTES, MAX_LINES, MAX_LIST_BYTES, LabelLine, read_label_file
from server.evaluation.evaluation_errors import DatasetInvalid

LIST, TABLE = "list of names and labels", "table of names and labels"


def read(folder: Path, content: bytes, name: str = "labels.txt") -> tuple[str, list[tuple[str, str]]]:
    found = read_label_file(content, folder / name)
    return found.format, [(line.name, line.label) for line in found.lines]


@pytest.mark.parametrize(
    ("name", "content", "format_"),
    [
        ("val_label.txt", b"a.jpg 3\nb c.jpg 4\n", LIST),
        ("val_label.txt", b"a.jpg\t3\nb c.jpg\t4\n", TABLE),
        ("val_label.txt", b"\xef\xbb\xbfa.jpg 3\r\n\r\nb c.jpg 4", LIST),
        ("labels.csv", b"a.jpg,3\nb c.jpg,4\n", TABLE),
        ("labels.csv", b"\xef\xbb\xbffilename;label\r\na.jpg;3\r\nb c.jpg;4\r\n", TABLE),
        ("labels.csv", b'class,width,"file"\n3,10,a.jpg\n4,12,"b c.jpg"\n', TABLE),
        ("labels.txt", b"name,label\na.jpg,3\nb c.jpg,4\n", TABLE),
        ("labels.tsv", b"a.jpg\t3\nb c.jpg\t4\n", TABLE),
        ("labels.csv", b"sep=;\r\nimage;label\r\na.jpg;3\r\nb c.jpg;4\r\n", TABLE),
        ("labels.csv", b"# by hand, on Monday\nimage,label\na.jpg,3\nb c.jpg,4\n", TABLE),
        ("labels.csv", b"id,Class Name\na.jpg,3\nb c.jpg,4\n", TABLE),
        ("labels.csv", b"id,Image Path,category\n0,a.jpg,3\n1,b c.jpg,4\n", TABLE),
    ],
    ids=[
        *("list", "tabs", "Windows", "CSV", "Windows CSV", "columns", "CSV by its header", "TSV", "Excel", "a comment", "Kaggle"),
        "a number and a path",
    ],
)
def test_every_format_gives_the_same_labels(tmp_path: Path, name: str, content: bytes, format_: str) -> None:
    assert read(tmp_path, content, name) == (format_, [("a.jpg", "3"), ("b c.jpg", "4")])


def test_a_list_whose_names_hold_commas_is_a_list(tmp_path: Path) -> None:
    assert read(tmp_path, b"tench, small 0\n") == (LIST, [("tench, small", "0")])


def test_a_name_with_a_hash_is_no_comment(tmp_path: Path) -> None:
    assert read(tmp_path, b"#1.jpg,3\n", "l.csv") == (TABLE, [("#1.jpg", "3")])


def test_lines_as_long_as_allowed(tmp_path: Path) -> None:
    name = "x" * (128 * 1024 - 3)
    assert read(tmp_path, f"{name} 1\n".encode() * 3) == (LIST, [(name, "1")] * 3)


def test_an_empty_cell_is_no_label(tmp_path: Path) -> None:
    assert read(tmp_path, b"name,label\na.jpg,\nb.jpg\nc.jpg,1\n", "l.csv")[1] == [("a.jpg", ""), ("b.jpg", ""), ("c.jpg", "1")]


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    assert read_label_file(b"name,label\n\na.jpg,1\n", tmp_path / "l.csv").lines == [LabelLine(3, "a.jpg", "1")]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("l.txt", b"", "holds no labels"),
        ("l.csv", b"name,label\n", "holds no labels"),
        ("l.txt", b"a.jpg 1\nonlyone\n", "line 2 is not a name and a class id"),
        ("l.csv", b"file,species\na.jpg,cat\n", "Name two of them name and label"),
        ("l.csv", b"a.jpg,1\n,2\n", "line 2: the name is missing"),
        ("l.csv", b'a.jpg,"' + b"x" * 200_000 + b'"\n', "a line of more than 131072 bytes"),
        ("l.csv", b'a.jpg,"' + b"x" * 70_000 + b"\n" + b"x" * 70_000 + b'"\n', "field larger than field limit"),
        ("l.txt", b"a 1\n" * (MAX_LINES + 1), "more than 1500000 lines"),
        ("l.txt", b"a 1\r" * (MAX_LINES + 1), "more than 1500000 lines"),
        ("l.txt", b"a.jpg 1\n" + bytes(131_073), r"a line of more than 131072 bytes \(byte 8\)"),
        ("l.txt", bytes(MAX_LIST_BYTES + 1), "67108865 bytes, more than the 67108864 allowed"),
        ("l.json", bytes(MAX_JSON_BYTES + 1), "16777217 bytes, more than the 16777216 allowed"),
        ("l.txt", b"a.jpg 1\n\xff\xfe\n", "not UTF-8"),
        ("l.txt", "a.jpg 1\n".encode("utf-16"), "UTF-16.*iconv -f UTF-16 -t UTF-8"),
    ],
    ids=[
        *("empty", "header only", "one word", "columns", "no name", "huge", "huge of two lines", "lines", "old Mac's lines", "late line"),
        *("large", "large JSON", "bytes", "UTF-16"),
    ],
)
def test_what_is_no_file_of_labels_is_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    with pytest.raises(DatasetInvalid, match=words):
        read(tmp_path, content, name)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode), st.sampled_from(("l.csv", "l.txt")))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str) -> None:
    try:
        lines = read(tmp_path_factory.mktemp("labels"), content, name)[1]
    except DatasetInvalid:
        return
    assert lines
    assert all(name for name, _ in lines)
