"""A Chinese page says what its English page says: the same commands, headings, tables, names and figures, section by section."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.markdown import CHINESE_README, GENERATED, PAGES, README, ROOT, blocks, code_spans, links, sections

CHINESE = [CHINESE_README, *sorted(page for page in (ROOT / "docs/zh").glob("*.md") if page.name not in GENERATED)]
ENGLISH = [page for page in PAGES if page != CHINESE_README and page.parent != ROOT / "docs/zh"]
COMMENT = re.compile(r"(^|[ \t]+)#( .*)?$", re.MULTILINE)
TARGET = re.compile(r"\]\([^)]*\)")
FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
EMPHASIS = re.compile(r"(?<!\*)\*([A-Z][\w ]+)\*(?!\*)")  # what Grafana shows: its names stay English
TRANSLATED = {"Critical", "Warning", "Ran", "Expected"}  # emphasis that is none of these names


def english(page: Path) -> Path:
    """The page that a Chinese one is a version of."""
    return README if page == CHINESE_README else ROOT / "docs" / page.name


def commands(page: Path) -> list[tuple[str, tuple[str, ...], str]]:
    """Each block: its language, the words above it, its text without comments, which are translated."""
    return [(block.language, block.words, COMMENT.sub("", block.text)) for block in blocks(page)]


def differences(chinese: str, original: str) -> list[str]:
    """The names in code that one of two sections lacks, the figures and panels that the Chinese one lacks, and unequal tables."""
    ours, theirs = (TARGET.sub("]", text) for text in (chinese, original))
    found = set(code_spans(ours)) ^ set(code_spans(theirs))
    found |= set(Counter(FIGURE.findall(theirs)) - Counter(FIGURE.findall(ours)))
    found |= set(EMPHASIS.findall(theirs)) - TRANSLATED - set(EMPHASIS.findall(ours))
    rows, wanted = ([line.count(" |") for line in text.splitlines() if line.startswith("|")] for text in (ours, theirs))
    return sorted(found) + ([f"cells of the rows: {rows}, not {wanted}"] if rows != wanted else [])


@pytest.fixture(params=CHINESE, ids=lambda page: page.name)
def page(request: pytest.FixtureRequest) -> Path:
    """Each Chinese page."""
    return Path(request.param)


def test_the_pages_are_there() -> None:
    first, for_an_atlas = {"README.zh-CN.md", "quickstart.md", "api.md", "evaluate.md"}, {"ascend.md", "operations.md", "containers.md"}
    assert {page.name for page in CHINESE} >= first | for_an_atlas


def test_every_block_is_the_english_one(page: Path) -> None:
    assert commands(page) == commands(english(page))


def test_every_heading_has_its_place_and_level_and_every_alert_its_name(page: Path) -> None:
    ours, theirs = ([(level, text.splitlines()[0]) for level, text in sections(path)] for path in (page, english(page)))
    assert [level for level, _ in ours] == [level for level, _ in theirs]
    alerts = [(our, their) for (_, our), (_, their) in zip(ours, theirs, strict=True) if re.fullmatch(r"### \w+", their)]
    assert [our for our, _ in alerts] == [their for _, their in alerts]


def test_every_section_has_the_names_the_figures_and_the_tables(page: Path) -> None:
    pairs = zip(sections(page), sections(english(page)), strict=True)
    assert {ours.splitlines()[0]: found for (_, ours), (_, theirs) in pairs if (found := differences(ours, theirs))} == {}


@pytest.mark.parametrize("page", [CHINESE_README, *(ROOT / "docs/zh").glob("*.md")], ids=lambda page: page.name)
def test_every_link_leads_to_the_chinese_page_where_one_exists(page: Path) -> None:
    targets = {(page.parent / link.partition("#")[0]).resolve() for link in links(page) if ":" not in link and link[0] != "#"}
    outward = {target for target in targets if target == README or (ROOT / "docs/zh" / target.name).exists()} - set(CHINESE)
    assert {target for target in outward if target.parent != ROOT / "docs/zh"} == {english(page)}


@pytest.mark.parametrize("page", [CHINESE_README, *(ROOT / "docs/zh").glob("*.md")], ids=lambda page: page.name)
def test_the_english_page_leads_to_the_chinese_one(page: Path) -> None:
    original = english(page)
    assert page.relative_to(original.parent).as_posix() in links(original)


def test_what_the_chinese_page_lacks_is_found() -> None:
    original = "## Stop\nSet `DEVICES` for 30 s. See *Chips*.\n| a | b |\n| c | d |\n"
    assert differences("## 停止\n设置 `DEVICES` 30 s。见 *Chips*。\n| 甲 | 乙 |\n| 丙 | 丁 |\n", original) == []
    assert differences("## 停止\n设置 `DEVICE` 3 s。\n| 甲 | 乙 |\n| 丙 | 丁 |\n", original) == ["30", "Chips", "DEVICE", "DEVICES"]
    assert differences("## 停止\n设置 `DEVICES` 30 s。见 *Chips*。\n| 甲 | 乙 |\n", original) == ["cells of the rows: [2], not [2, 2]"]


def test_only_comments_of_a_block_may_differ() -> None:
    assert COMMENT.sub("", "curl a#b  # 说明\n# 一行\nls") == COMMENT.sub("", "curl a#b # words\n# a line\nls") == "curl a#b\n\nls"
