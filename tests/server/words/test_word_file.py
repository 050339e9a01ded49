"""A file of words."""

from pathlib import Path

from server.words.language import Language
from server.words.word_file import read_words


def test_a_file_has_its_words_in_both_languages(tmp_path: Path) -> None:
    file = tmp_path / "words.toml"
    file.write_text('[images]\nen = "{count} images"\nzh = "{count} 张图片"\n', "utf-8")
    assert read_words(file, Language.EN) == {"images": "{count} images"}
    assert read_words(file, Language.ZH)["images"].format(count=3) == "3 张图片"
