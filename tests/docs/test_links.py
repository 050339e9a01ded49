"""Every link and anchor of README and docs leads somewhere, and every page can be reached from the README."""

from pathlib import Path

import pytest

from tests.docs.markdown import CHINESE_README, GENERATED, PAGES, README, anchors, links


def faults(page: Path) -> list[str]:
    found = []
    for link in links(page):
        target, _, anchor = link.partition("#")
        if ":" in target:
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and (path.suffix != ".md" or anchor not in anchors(path))):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert faults(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    lines = (
        "# One `two`: three?",
        "## Same",
        "## Same",
        "[a](#one-two-three) [b](#same-1) [c](#same-2) [d](e.md) `[f](g.md)`",
        "```text",
        "[h](i.md)",
        "```",
    )
    page.write_text("\n".join(lines))
    assert anchors(page) == {"one-two-three", "same", "same-1"}
    assert links(page) == ["#one-two-three", "#same-1", "#same-2", "e.md"]
    assert faults(page) == ["#same-2", "e.md"]


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, todo = {README}, [README]
    while todo:
        page = todo.pop()
        targets = {(page.parent / link.partition("#")[0]).resolve() for link in links(page) if ":" not in link}
        new = {path for path in targets if path.suffix == ".md" and path.is_file()} - reached
        reached |= new
        todo += new
    assert set(PAGES) - reached == set()


def test_the_readme_is_short() -> None:
    assert max(len(page.read_text("utf-8").splitlines()) for page in (README, CHINESE_README)) <= 150
    assert [page.name for page in PAGES if page.name not in GENERATED and len(page.read_text("utf-8").splitlines()) > 250] == []
