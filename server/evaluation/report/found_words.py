"""Says in another language what a run found about its set: the manifest has it as English sentences."""

import re
from functools import cache
from pathlib import Path

from server.words.language import Language
from server.words.word_file import read_words

FOUND = Path(__file__).parent / "words" / "found.toml"
_NUMBERS = {"count", "images", "hits", "now"}
_KIND = "kind"


def restated(sentence: str, language: Language) -> str:
    """The sentence in a language; as it is, if it is none of words/found.toml, for example one of an older run."""
    if language is Language.EN:
        return sentence
    for name, pattern in _patterns():
        if match := pattern.fullmatch(sentence):
            values = match.groupdict()
            if _KIND in values:
                values[_KIND] = ", ".join(restated(part, language) for part in values[_KIND].split(", "))
            return read_words(FOUND, language)[name].format(**values)
    return sentence


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """What finds a sentence and the values in it; a sentence with more fixed words first, since it may begin like another."""
    words = sorted(read_words(FOUND, Language.EN).items(), key=lambda found: -len(found[1]))
    return [(name, re.compile(_pattern(text), re.DOTALL)) for name, text in words]


def _pattern(text: str) -> str:
    parts = re.split(r"\{(\w+)\}", text)
    values = [f"(?P<{place}>{'[0-9]+' if place in _NUMBERS else '.+?'})" for place in parts[1::2]]
    return "".join(re.escape(fixed) + value for fixed, value in zip(parts[::2], [*values, ""], strict=True))
