"""Finds the sentences of a file of words again in what was said in English, with the values in their places."""

import re
from functools import cache
from pathlib import Path

from server.words.language import Language
from server.words.word_file import read_words

_NUMBERS = {"count", "images", "hits", "now"}


@cache
def patterns(file: Path) -> list[tuple[str, re.Pattern[str]]]:
    """The name of each sentence, and what finds it; one with more fixed words first, since it may begin like another."""
    words = sorted(read_words(file, Language.EN).items(), key=lambda found: -len(found[1]))
    return [(name, re.compile(_pattern(text), re.DOTALL)) for name, text in words]


def _pattern(text: str) -> str:
    parts = re.split(r"\{(\w+)\}", text)
    values = [f"(?P<{place}>{'[0-9]+' if place in _NUMBERS else '.+?'})" for place in parts[1::2]]
    return "".join(re.escape(fixed) + value for fixed, value in zip(parts[::2], [*values, ""], strict=True))
