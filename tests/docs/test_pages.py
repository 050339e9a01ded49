"""The generated pages are what the code says now."""

import re

import pytest

from server.settings import Settings
from server.telemetry.metrics import LABELS, Metrics
from tests.docs.errors_page import catalogue, error_classes, import_all
from tests.docs.metrics_page import instruments
from tests.docs.pages import DOCS, PAGES, page
from tests.docs.routes_page import application, operations
from tests.docs.settings_page import groups
from tests.docs.tables import code, words


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_not_stale(name: str) -> None:
    path = DOCS / f"{name}.md"
    assert path.is_file(), f"docs/{name}.md is missing: run make docs-pages"
    assert path.read_text("utf-8") == page(name), f"docs/{name}.md is stale: run make docs-pages, and commit what it writes"


def test_the_pages_tell_everything() -> None:
    """Each setting, metric, error and route stands in its page, whatever the generator leaves out."""
    import_all()
    pages = {name: page(name) for name in ("settings", "metrics", "errors", "routes")}
    routes = {f"### {method} {path}" for _, method, path, _ in operations(application().app.openapi())}
    wanted = {
        "settings": {code(name.upper()) for name in Settings.model_fields},
        "metrics": {f"`{family.name}" for family in Metrics().registry.collect() if family.name.startswith("classify_")},
        "errors": {code(each.code) for each in error_classes()},
        "routes": routes | {"`GET /`", "`GET /docs`"},
    }
    assert [f"{name}: {text}" for name, texts in wanted.items() for text in sorted(texts) if text not in pages[name]] == []
    assert "### POST /classify/batch" in routes


def test_every_setting_has_its_group() -> None:
    assert [name for _, names in groups() for name in names] == list(Settings.model_fields)
    assert [heading for heading, names in groups() if not heading or not names] == []


def test_every_label_is_explained() -> None:
    assert set(LABELS) == {label for each in instruments() for label in each._labelnames}


def test_every_error_says_what_to_do() -> None:
    import_all()
    assert [f"{each.__module__}.{each.__name__}" for each in error_classes() if not words(each.__doc__)[1]] == []


def test_every_code_and_no_other_has_its_words_in_chinese() -> None:
    import_all()
    assert set(catalogue()) == {each.code for each in error_classes()}
    said = {code: list(texts) for code, texts in catalogue().items() if list(texts) != ["what", "remedy"]}
    bare = [text for texts in catalogue().values() for text in texts.values() if not re.search("[\u4e00-\u9fff].*。$", text)]
    assert (said, bare) == ({}, [])


def test_the_chinese_words_name_only_what_the_english_ones_name() -> None:
    import_all()
    english: dict[str, str] = {}
    for each in error_classes():
        english[each.code] = f"{english.get(each.code, '')} {each.__doc__}"
    name = re.compile(r"[A-Z]+(?:_[A-Z]+)+|--[a-z-]+\d?|/[a-z/]+|[a-z]+_[a-z]+|\d[\d,]*")
    found = {code: set(name.findall("".join(texts.values()))) - set(name.findall(english[code])) for code, texts in catalogue().items()}
    assert {code: names for code, names in found.items() if names} == {}
