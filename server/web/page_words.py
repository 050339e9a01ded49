"""Every word of the pages, in both languages: words/PAGE.toml has a table for each, with a line for each language.

A word may have places for values, as in "the best of {count}".
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from server.words.language import Language
from server.words.word_file import read_words

FOLDER = Path(__file__).parent / "words"
COMMON = "common"
"""What every page says: the navigation, states, errors that any request may meet."""

PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType({"classify": ("why",)})
"""Parts of a page that have words of their own."""

Words = Mapping[str, Mapping[str, str]]
"""By page, then by name."""


@cache
def words_of(page: str, language: Language) -> Words:
    """The words that every page says, and those of this page and its parts."""
    return {file: read_words(FOLDER / f"{file}.toml", language) for file in (COMMON, page, *PARTS.get(page, ()))}


def pages() -> list[str]:
    """The pages that have words."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))
