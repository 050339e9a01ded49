"""A file of words: a TOML table for each word, with a line for each language. A word may have places for values, as in "{count} images"."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from server.words.language import Language


def read_words(file: Path, language: Language) -> Mapping[str, str]:
    """The words of a file in one language, by their names."""
    return {name: texts[language] for name, texts in tomllib.loads(file.read_text("utf-8")).items()}
