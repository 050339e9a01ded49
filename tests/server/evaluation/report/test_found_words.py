"""What a run found, said again: every sentence that a run may note has its Chinese."""

# ruff: noqa: RUF001 - Chinese has its own signs

from pathlib import Path

import pytest

from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.dataset.set_opening import _COUNTED, open_labelled_set
from server.evaluation.report.found_words import FOUND, restated
from server.evaluation.report.report import REDUCED, build_report
from server.words.language import Language
from server.words.word_file import read_words
from tests.server.evaluation.made_run import answer, class_names, made_manifest


@pytest.mark.parametrize(
    ("sentence", "chinese"),
    [
        ("200 of 359 images, evenly spread over the list.", "从列表的 359 张图片中均匀抽取 200 张。"),
        ("The set is in a/b/, the only folder. 3 files beside it are left out.", "数据集位于唯一的文件夹 a/b/。其旁的 3 个文件未计入。"),
        ("The set is in a {limit} b/, the only folder.", "数据集位于唯一的文件夹 a {limit} b/。"),
        ("class folders (class ids, groups of classes)", "类别文件夹（类别编号, 类别组）"),
        ("'cat' counts as the classes 281-285.", "'cat' 按类别 281-285 计。"),
        ("A sentence of an older version.", "A sentence of an older version."),
    ],
)
def test_a_sentence_with_its_values(sentence: str, chinese: str) -> None:
    assert restated(sentence, Language.ZH) == chinese
    assert restated(sentence, Language.EN) == sentence


@pytest.mark.parametrize("name", read_words(FOUND, Language.EN))
def test_every_sentence_finds_itself(name: str) -> None:
    english, chinese = (read_words(FOUND, language)[name] for language in Language)
    values = dict.fromkeys(("count", "images", "hits", "now"), "7") | dict.fromkeys(
        ("folder", "file", "names", "label", "classes", "name"), "x.y"
    )
    values["kind"] = "class ids"
    assert restated(english.format(**values), Language.ZH) == chinese.format(**values | {"kind": "类别编号"})


def test_what_a_set_and_a_report_note_is_known(tmp_path: Path) -> None:
    for name in ("1/a.png", "2/b.png", "3/c.png", ".DS_Store", "loose.txt"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_bytes(b"x")
    (tmp_path / "set/0").mkdir()
    found = open_labelled_set(RootFiles(tmp_path), None, class_names(4), limit=2)
    shifted = build_report([answer(n, n % 3, n % 3 + 1) for n in range(9)], made_manifest(9, decode="reduced"), class_names(4)).notes
    notes = [*found.notes, found.format, *shifted, *(f"3 {words}" for words in _COUNTED.values())]
    assert len(notes) >= 10
    assert REDUCED in notes
    assert [note for note in notes if restated(note, Language.ZH) == note] == []
