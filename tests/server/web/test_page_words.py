"""Every word in both languages, every word said, and none said in one place only."""

import re
import tomllib
from pathlib import Path

import pytest

from server.web.languages import Language
from server.web.page_words import FOLDER, pages, words_of
from server.web.rendering import STATIC, WEB

OF_THE_SERVER = "told"
"""Sentences that the server says; test_server_words.py holds them against its code."""
PLACES = re.compile(r"\{\w+\}")


@pytest.mark.parametrize("page", pages())
def test_every_word_is_there_in_both_languages_with_the_same_places(page: str) -> None:
    for name, texts in tomllib.loads((FOLDER / f"{page}.toml").read_text("utf-8")).items():
        assert set(texts) == set(Language), name
        assert not hasattr(dict, name), f"{name}: a template finds the method of the dict instead"
        english, chinese = texts["en"], texts["zh"]
        assert english.strip() == english, name
        assert english, name
        assert chinese, name
        assert set(PLACES.findall(english)) == set(PLACES.findall(chinese)), name


def said() -> str:
    """All templates and scripts."""
    return "".join(path.read_text("utf-8") for path in (*WEB.glob("templates/*.html"), *STATIC.glob("*.js")))


@pytest.mark.parametrize("page", [page for page in pages() if page != OF_THE_SERVER])
def test_every_word_is_said(page: str) -> None:
    text, short = said(), "all" if page == "common" else "say"
    dynamic = set(re.findall(rf"`{page}\.(\w*)\$\{{", text))  # say(`page.kind_${name}`)
    for name in words_of(page, Language.EN)[page]:
        ways = (f"{short}.{name}", f"{short}[", f"{page}.{name}'", f"{page}.{name}`")
        begun = any(name.startswith(start) for start in dynamic)
        assert begun or any(way in text for way in ways[:1] + ways[2:]) or _in_a_loop(text, name), f"{page}.{name} is never said"


def _in_a_loop(text: str, name: str) -> bool:
    """Whether a template names it in a list of names, as the navigation does."""
    return f'"{name}"' in text and re.search(r"(all|say)\[", text) is not None


@pytest.mark.parametrize("script", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_a_script_says_only_words_that_there_are(script: Path) -> None:
    known = {f"{page}.{name}" for page in pages() for name in words_of(page, Language.EN)[page]}
    for called in re.findall(r"say\(([^()]*)", script.read_text("utf-8")):
        for word in re.findall(r"'([a-z_]+\.[a-z0-9_]+)'", called):
            assert word in known, word


@pytest.mark.parametrize("template", sorted(WEB.glob("templates/*.html")), ids=lambda path: path.name)
def test_no_word_stands_in_a_template(template: Path) -> None:
    bare = re.sub(r"<code\b.*?</code>|\{% block main_class %\}.*?\{% endblock %\}", "", template.read_text("utf-8"), flags=re.DOTALL)
    rest = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", " ", bare, flags=re.DOTALL)
    words = set(re.findall(r"[A-Za-z]{2,}", rest)) - {"ascend", "classify", "doctype", "openapi", "json"}
    assert not words
