"""The page of a comparison: known figures, names that stay text, and a real browser."""

import re
from html import escape

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from server.evaluation.report.comparison_html import render_comparison
from server.evaluation.report.run_comparison import Comparison, FinishedRun, compare
from server.evaluation.report.thumbnails import thumbnail
from server.words.language import Language
from tests.server.browser import browser, complaints, open_afresh
from tests.server.evaluation.hostile_names import HOSTILE_NAMES
from tests.server.evaluation.made_run import answer, class_names, failure, made_manifest
from tests.server.evaluation.report.on_paper import assert_light_on_a4

__all__ = ["browser"]  # the fixture


def compared(name: str = "set", count: int = 40) -> Comparison:
    """B is wrong on five of 40 images that A gets right, and right on one that A fails."""
    names = {class_id: f"{name} {class_id}" for class_id in range(4)}
    a = [failure(0, 1), *(answer(n, n % 4, n % 4) for n in range(1, count))]
    b = [answer(0, 1, 1), *(answer(n, n % 4, 3 - n % 4 if n <= 5 else n % 4, score=0.5 + n / 100) for n in range(1, count))]
    manifests = made_manifest(count, dataset=name), made_manifest(count, model=name, versions={name: name})
    return compare(*(FinishedRun(manifest, records, name, names) for manifest, records in zip(manifests, (a, b), strict=True)))


@pytest.fixture(scope="module")
def page(browser: Chrome, cat: bytes, tmp_path_factory: pytest.TempPathFactory) -> Chrome:
    path = tmp_path_factory.mktemp("compared") / "compared.html"
    path.write_text(render_comparison(compared(), {"5.png": thumbnail(cat, 1_000_000)}), "utf-8")
    open_afresh(browser, path.as_uri())
    return browser


def texts(page: Chrome, selector: str) -> list[str]:
    return [found.text for found in page.find_elements(By.CSS_SELECTOR, selector)]


def test_it_shows_the_figures_and_the_browser_does_not_complain(page: Chrome) -> None:
    found = compared()
    assert (found.a_right_b_wrong, found.a_wrong_b_right, found.difference) == (5, 1, -0.1)
    assert texts(page, "dd.value")[:2] == ["−10.00 points", "0.219"]  # noqa: RUF001
    assert texts(page, ".figure .detail")[1] == "A is right on 4 images more: no more than chance explains"
    assert texts(page, ".figure .detail")[0] == "95%: −22.40 to +3.36 points"  # noqa: RUF001
    assert texts(page, ".wrong .file") == ["5.png", "4.png", "3.png", "2.png", "1.png", "0.png"]
    assert texts(page, ".wrong li:first-child .said") == ["B: set 2 0.55", "A: no answer"]
    assert all(page.execute_script("return [...document.images].map(image => image.naturalWidth > 0 && image.alt)"))
    assert complaints(page) == []


def test_on_paper_it_is_light_and_fits_a4(page: Chrome) -> None:
    assert_light_on_a4(page)


def test_what_differs_is_named_in_the_language() -> None:
    page = render_comparison(compared("照片"), {}, Language.ZH)
    assert '<html lang="zh-CN">' in page
    assert re.search(r'<th scope="row">数据集</th><td>照片</td><td>set</td>', page)
    assert "Only A right" not in page


def test_without_labels_it_is_a_page_of_what_agrees() -> None:
    runs = (FinishedRun(made_manifest(1, labelled=0), [answer(0, None, 1)], name, dict(enumerate(class_names(4)))) for name in "ab")
    page = render_comparison(compare(*runs), {})
    assert page.count('class="figure"') == 1
    assert "100.00%" in page


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_stay_text(name: str) -> None:
    page = render_comparison(compared(name), {})
    assert escape(name, quote=False) in page.replace("&#34;", '"').replace("&#39;", "'")
    assert not re.search(r"<(script|img src=x|iframe|svg onload)|<[^>]*\son\w+=", page)
