"""contributing.md and architecture.md name files and tests that exist, and answer the seven questions."""

import re

import pytest

from tests.docs.pages import DOCS
from tests.test_house_rules import ROOT, TESTS, TOP_LEVEL

SPAN = re.compile(r"`([^`\n]+)`")
QUESTIONS = ("metric", "setting", "image format", "pipeline element", "way to resize", "engine", "error")


def spans(name: str) -> list[str]:
    """The words of a page that are set as code, out of its blocks."""
    return SPAN.findall(re.sub(r"^```.*?^```$", "", (DOCS / name).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("name", ["contributing.md", "architecture.md"])
def test_every_path_exists(name: str) -> None:
    paths = [span for span in spans(name) if re.fullmatch(r"[\w./-]+", span) and span.partition("/")[0] in TOP_LEVEL]
    assert len(paths) > 30
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_test_exists() -> None:
    named = [span for span in spans("contributing.md") if span.startswith("test_")]
    known = {name for path in TESTS for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)}
    assert len(named) > 10
    assert [name for name in named if name not in known] == []


def test_every_recipe_names_files_and_what_fails() -> None:
    _, _, recipes = (DOCS / "contributing.md").read_text("utf-8").partition("## Adding things")
    found = dict(re.findall(r"^### An? ([\w ]+)\n(.+?)(?=^### |\Z)", recipes, re.MULTILINE | re.DOTALL))
    assert tuple(found) == QUESTIONS
    assert [
        name for name, text in found.items() if not re.search(r"^1\. .*`[\w/]+\.\w+`", text, re.MULTILINE) or "*Fails until" not in text
    ] == []
