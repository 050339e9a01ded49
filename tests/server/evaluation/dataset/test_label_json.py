"""Labels in JSON, as this project's and Hugging Face's tools write them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.evaluation.dataset.label_files import read_label_file
from server.evaluation.evaluation_errors import DatasetInvalid

LABELS = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8), st.integers(-5, 2000), min_size=1, max_size=5
)
EXPECTED = [("a.jpg", "3"), ("b c.jpg", "cat")]


def read(folder: Path, name: str, content: bytes) -> list[tuple[str, str]]:
    (folder / name).write_bytes(content)
    return [(line.name, line.label) for line in read_label_file((folder / name).read_bytes(), folder / name).lines]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("imagenet_label.json", b'{"a.jpg": 3, "b c.jpg": "cat"}'),
        ("l.json", b'\xef\xbb\xbf[{"file_name": "a.jpg", "label": 3},\r\n {"file_name": "b c.jpg", "label": "cat"}]'),
        ("metadata.jsonl", b'{"file_name": "a.jpg", "text": "x", "label": 3}\r\n\r\n{"label": "cat", "file_name": "b c.jpg"}\r\n'),
        ("metadata.csv", b'file_name,text,label\na.jpg,"x, y",3\nb c.jpg,,cat\n'),
    ],
)
def test_every_form_gives_the_same_labels(tmp_path: Path, name: str, content: bytes) -> None:
    assert read(tmp_path, name, content) == EXPECTED


@given(LABELS)
def test_any_names_and_class_ids(tmp_path_factory: pytest.TempPathFactory, labels: dict[str, int]) -> None:
    folder = tmp_path_factory.mktemp("json")
    expected = [(name, str(class_id)) for name, class_id in labels.items()]
    assert read(folder, "l.json", json.dumps(labels).encode()) == expected
    lines = "\n".join(json.dumps({"file_name": name, "label": class_id}, ensure_ascii=False) for name, class_id in labels.items())
    assert read(folder, "l.jsonl", lines.encode()) == expected


def test_an_image_that_comes_twice_keeps_both_its_labels(tmp_path: Path) -> None:
    assert read(tmp_path, "l.json", b'{"a": 1, "a": 2, "b": null}') == [("a", "1"), ("a", "2"), ("b", "")]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("l.json", b"3", "not an object or a list"),
        ("l.json", b'{"a": 1,\n}', "is not JSON: .* in line 2"),
        ("l.jsonl", b'{"file_name": "a", "label": 1}\n{"file_name"', "is not JSON: .* in line 2"),
        ("l.jsonl", b'{"file_name": "a", "label": {"id": 1, "name": "b"}}', "entry 1: an object of id, name is not one label"),
        ("l.json", b'{"a": [1, 2]}', "entry 1: .* is not one label"),
        ("l.json", b'{"a": true}', "is not one label"),
        ("l.jsonl", b'{"file_name": "a", "text": "x"}', "entry 1 is not a name with a label: it has file_name, text"),
        ("l.json", b"[1]", "entry 1 is not a name with a label"),
        ("l.json", b"[" * 5000, "is not JSON"),
        ("l.json", b'{"a": ' + b"1" * 5000 + b"}", "is not JSON"),
        ("l.json", b"{}", "holds no labels"),
        ("l.json", rb'{"a": 1, "\ud800/b.jpg": 0}', r"entry 2: '\\ud800/b.jpg' with the label '0' cannot be written in UTF-8"),
        ("l.jsonl", rb'{"file_name": "a", "label": "\udcff"}', r"entry 1: 'a' with the label '\\udcff' cannot be written"),
    ],
)
def test_what_names_no_labels_is_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    with pytest.raises(DatasetInvalid, match=words):
        read(tmp_path, name, content)
