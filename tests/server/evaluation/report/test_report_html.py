"""The page of a report, in a real browser."""

import re
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from server.evaluation.evaluation_errors import PageUnavailable
from server.evaluation.report.report import Report, build_report
from server.evaluation.report.report_html import render_html
from server.evaluation.report.thumbnails import thumbnail
from server.evaluation.run.records import Record
from tests.server.browser import browser, complaints
from tests.server.evaluation.made_run import answer, class_names, failure, made_manifest

__all__ = ["browser"]  # the fixture

MAX_BYTES = 2_000_000
HOSTILE = "<img src=x onerror=alert(1)>\"'&"


def records() -> list[Record]:
    random = np.random.default_rng(1)
    found = [
        answer(n, n % 12, *random.permutation(12)[:5].tolist(), score=float(random.random()), stages_ms={"infer": 9.0}, latency_ms=12.0)
        for n in range(400)
    ]
    return [*found, *(failure(400 + n, 1) for n in range(5))]


@pytest.fixture(scope="module")
def report() -> Report:
    fitted = {"temperature": 0.47, "evaluation": "a77049bf", "images": 180, "ece_before": 0.0919, "ece_after": 0.0102}
    manifest = made_manifest(410, 12, dataset=HOSTILE, dataset_notes=("a note",), calibration=fitted)
    return build_report(records(), manifest, [HOSTILE, *class_names(12)[1:]])


@pytest.fixture(scope="module")
def page(browser: Chrome, report: Report, cat: bytes, tmp_path_factory: pytest.TempPathFactory) -> Chrome:
    html = render_html(report, {wrong.index: thumbnail(cat, 1_000_000) for wrong in report.wrong[1:]})
    assert len(html) < MAX_BYTES
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html, "utf-8")
    complaints(browser)
    browser.get(path.as_uri())
    return browser


def texts(page: Chrome, selector: str) -> list[str]:
    return [found.text for found in page.find_elements(By.CSS_SELECTOR, selector)]


def test_it_shows_the_figures(page: Chrome, report: Report) -> None:
    accuracy = report.accuracy["top1"].value or 0
    assert texts(page, ".figure .value")[0] == f"{accuracy:.2%}"
    titles = "Accuracy|Images|Confidence and recall|Worst classes|Confused|Time|Wrong images|Images without an answer|Manifest"
    assert texts(page, "h2") == titles.split("|")
    assert "not complete: 5 of 410" in texts(page, ".notes")[0]
    (confidence,) = [about for about in texts(page, ".about") if about.startswith("Expected calibration error")]
    assert confidence.endswith(report.manifest.calibration_words)
    assert "a note" in texts(page, ".notes.plain")


def test_every_plot_and_picture_is_drawn(page: Chrome) -> None:
    plots = page.find_elements(By.CSS_SELECTOR, ".plot svg")
    assert len(plots) == 5
    assert all(plot.size["width"] > 200 and plot.size["height"] > 80 for plot in plots)
    assert all(page.execute_script("return [...document.images].map(image => image.naturalWidth > 0)"))
    assert texts(page, ".thumb").count("no picture") == 1


def test_nothing_comes_from_elsewhere_and_the_browser_does_not_complain(page: Chrome) -> None:
    loaded = page.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [name for name in loaded if not name.startswith("data:")] == []
    assert complaints(page) == []


def test_names_stay_text(page: Chrome) -> None:
    assert HOSTILE in page.title
    assert page.find_elements(By.CSS_SELECTOR, "[onerror], script") == []


def test_it_follows_dark_and_light(page: Chrome) -> None:
    colours = []
    for scheme in ("light", "dark"):
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        script = (
            "return ['body', '.plot text'].map(it => getComputedStyle(document.querySelector(it))).map(s => s.backgroundColor + s.fill)"
        )
        colours.append(page.execute_script(script))
    light, dark = colours
    assert light[0] != dark[0]
    assert light[1] != dark[1]


@pytest.mark.parametrize("width_px", [390, 800, 1400])
def test_it_never_scrolls_sideways(page: Chrome, width_px: int) -> None:
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width_px, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    script = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scroll_px, client_px = page.execute_script(script)
    assert scroll_px <= client_px


@pytest.mark.parametrize(
    "found",
    [[], [answer(0, None, 1)], [failure(0, 1)], [answer(0, 1, 1)]],
    ids=["nothing yet", "no labels", "only failures", "one image"],
)
def test_a_small_report_is_a_page_too(found: list[Record]) -> None:
    labelled = sum(record.label is not None for record in found)
    html = render_html(build_report(found, made_manifest(len(found), labelled=labelled), class_names(4)), {})
    assert html.count("<section") == html.count("</section>") >= 3
    assert not re.search("nan|None", re.sub("<[^>]*>", "", html[html.index("<body>") :]))


def test_without_the_library_that_draws_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, report: Report) -> None:
    monkeypatch.setattr("server.evaluation.report.report_html.find_spec", lambda _: None)
    with pytest.raises(PageUnavailable, match=r"ascend-classify\[report\]"):
        render_html(report, {})


def test_the_style_is_the_pages_of_the_server() -> None:
    """The variables of light and dark are those of server/web/static/style.css."""
    root = Path(__file__).parents[4] / "server"
    ours, theirs = (variables(root / path) for path in ("evaluation/report/report.css", "web/static/style.css"))
    assert ours <= theirs | {("paper", "#fff"), ("panel", "#fff")}


def variables(path: Path) -> set[tuple[str, str]]:
    return set(re.findall(r"--([\w-]+): (#\w+);", path.read_text("utf-8")))
