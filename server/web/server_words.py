"""What the server says in English, in the language of a page: errors by their code, and sentences of a fixed set (words/told.toml).

Replies are in English for every client, so that programs and logs agree; only pages translate. What is of no fixed set, such as the text of
an exception, a page shows as it is, marked as English.
"""

# ruff: noqa: RUF001 - Chinese has its own signs

import json
import re
from collections.abc import Mapping
from functools import cache

from server.web.page_words import FOLDER
from server.words.language import Language
from server.words.sentences import patterns
from server.words.word_file import read_words

TOLD = FOLDER / "told.toml"
_OF_ENGINE = re.compile(r"(?:(\w+): )?(.*)", re.DOTALL)


@cache
def _catalogue() -> Mapping[str, Mapping[str, str]]:
    return dict(json.loads((FOLDER.parent / "static/errors.zh.json").read_text("utf-8")))


def explained(code: str | None, language: Language) -> str:
    """What happened and what to do at an error of this code; empty where the server's own words say it, in their language."""
    found = _catalogue().get(code or "") if language is Language.ZH else None
    return f"{found['what']}{found['remedy']}" if found else ""


@cache
def _words(language: Language) -> Mapping[str, str]:
    return read_words(TOLD, language)


def phrases(language: Language) -> dict[str, str]:
    """The sentences of the fixed set, each with its words in this language; none for the language that the server speaks."""
    return {} if language is Language.EN else {said: _words(language)[name] for name, said in _words(Language.EN).items()}


def translated(said: str, language: Language) -> str:
    """What the server has said, in one sentence or several with semicolons between; empty where one is of no fixed set.

    The status page does the same by itself: web/server_words.js.
    """
    parts = [_part(part, language) for part in said.split("; ")] if language is not Language.EN else []
    return "；".join(parts) if all(parts) else ""


def _part(said: str, language: Language) -> str:
    """One sentence, before which its engine may stand."""
    found = _OF_ENGINE.fullmatch(said)
    engine, rest = found.groups("") if found else ("", said)
    for name, pattern in patterns(TOLD):
        if match := pattern.fullmatch(rest):
            values = {place: _part(value, language) or value for place, value in match.groupdict().items()}
            words = _words(language)[name].format(**values)
            return f"{engine}：{words}" if engine else words
    return ""
