"""The page of a report, in a real browser."""

import json
import re
from collections import defaultdict
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from server.evaluation.evaluation_errors import PageUnavailable
from server.evaluation.report.report import Report, build_report
from server.evaluation.report.report_html import render_html
from server.evaluation.report.thumbnails import thumbnail
from server.evaluation.run.records import Record
from server.words.language import Language
from tests.server.browser import browser, complaints, open_afresh
from tests.server.evaluation.hostile_names import HOSTILE_NAMES
from tests.server.evaluation.made_run import answer, class_names, failure, made_manifest
from tests.server.evaluation.report.on_paper import assert_light_on_a4

__all__ = ["browser"]  # the fixture

MAX_BYTES = 2_000_000
TITLES = [
    *("Accuracy", "Images", "Confidence and recall", "If only sure answers count", "Confusion matrix", "Worst classes", "Confused"),
    *("Confidence of each class", "Size and type of the files", "Time", "Wrong images", "Images without an answer", "Manifest"),
]
NEW_TITLES = {"If only sure answers count", "Confusion matrix", "Confidence of each class", "Size and type of the files"}
SEEN: dict[str, Any] = {"stages_ms": {"infer": 9.0}, "latency_ms": 12.0, "format": "png", "width_px": 32, "height_px": 32}
HOSTILE = HOSTILE_NAMES[0]
CONTRASTS = """
const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
const levels = color => {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
  return canvas.getImageData(0, 0, 1, 1).data;
};
const light = color => [...levels(color)].slice(0, 3).map(level => level / 255)
  .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
  .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
const behind = element => {
  for (let at = element; at; at = at.parentElement) {
    const color = getComputedStyle(at).backgroundColor;
    if (levels(color)[3] === 255) return light(color);
  }
};
return [...document.querySelectorAll('h1,h2,p,td,th,dt,dd,li,figcaption,.swatch,.soft,.id,.thumb')].map(element => {
  const pair = [light(getComputedStyle(element).color), behind(element)];
  return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
});
"""
"""The contrast of each text with what lies behind it (WCAG 2.2, 1.4.3)."""


def records() -> list[Record]:
    random = np.random.default_rng(1)
    found = [answer(n, n % 12, *random.permutation(12)[:5].tolist(), score=float(random.random()), **SEEN) for n in range(400)]
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
    open_afresh(browser, path.as_uri())
    return browser


def texts(page: Chrome, selector: str) -> list[str]:
    return [found.text for found in page.find_elements(By.CSS_SELECTOR, selector)]


def test_it_shows_the_figures(page: Chrome, report: Report) -> None:
    accuracy = report.accuracy["top1"].value or 0
    assert texts(page, ".figure .value")[0] == f"{accuracy:.2%}"
    assert texts(page, "h2") == TITLES
    assert "not complete: 5 of 410" in texts(page, ".notes")[0]
    (confidence,) = [about for about in texts(page, ".about") if about.startswith("Expected calibration error")]
    assert confidence.endswith(report.manifest.calibration_words)
    assert "a note" in texts(page, ".notes.plain")


def test_every_plot_and_picture_is_drawn(page: Chrome) -> None:
    plots = page.find_elements(By.CSS_SELECTOR, ".plot svg")
    assert len(plots) == 6
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


def test_on_a_phone_only_the_matrix_scrolls_and_by_keyboard_too(page: Chrome) -> None:
    """An interval stands below its value there (WCAG 1.4.10), and rows stay rows; the matrix scrolls beside its classes (2.1.1)."""
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        scrolls = "return [...document.querySelectorAll('.scroll')].filter(it => it.scrollWidth > it.clientWidth).map(it => it.ariaLabel)"
        assert page.execute_script(scrolls) == ["Confusion matrix"]
        below = "return [...document.querySelectorAll('.stacked tbody tr')].map(row => row.querySelector('.n.soft'))"
        above = "filter(it => it && it.offsetTop <= it.previousElementSibling.offsetTop).length"
        assert page.execute_script(f"{below}.{above}") == 0
        matrix = page.find_element(By.CSS_SELECTOR, "[role=region][aria-label='Confusion matrix']")
        page.execute_script("arguments[0].focus()", matrix)
        assert page.switch_to.active_element == matrix
        matrix.send_keys(Keys.ARROW_RIGHT)
        WebDriverWait(page, 10).until(lambda _: page.execute_script("return arguments[0].scrollLeft > 0", matrix))
        first = page.find_element(By.CSS_SELECTOR, ".matrix tbody th")
        assert first.rect["x"] == pytest.approx(matrix.rect["x"], abs=1)
        nodes = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        rows = sum(node["role"]["value"] == "row" for node in nodes if not node["ignored"])
        assert rows == len(page.find_elements(By.TAG_NAME, "tr"))
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_on_paper_it_is_light_and_fits_a4(page: Chrome) -> None:
    assert_light_on_a4(page)


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


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("language", Language)
def test_every_name_that_a_user_can_choose_stays_text(name: str, language: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.evaluation.report.report_html._plots", lambda *_: defaultdict(str))
    records = [answer(n, 1, n % 3, **SEEN) for n in range(70)] + [failure(70, 1, name)]
    named = [record.model_copy(update={"name": name, "format": name if record.ok else ""}) for record in records]
    manifest = made_manifest(71, model=name, dataset=name, dataset_format=name, dataset_notes=(name,), engine=name, versions={name: name})
    page = render_html(build_report(named, manifest, [name] * 4), {}, language)
    assert escape(name, quote=False) in page.replace("&#34;", '"').replace("&#39;", "'")
    assert not re.search(r"<(script|img src=x|iframe|svg onload)|<[^>]*\son\w+=", page)


def test_a_made_run_has_its_cells_sizes_and_intervals() -> None:
    """Of 25 images of class 1, 20 are answered rightly and 5 as class 2; of 25 of class 2 all."""
    records = [answer(n, 1 + n // 25, 2 if n >= 20 else 1, format="jpeg", width_px=100, height_px=50 + 200 * (n % 2)) for n in range(50)]
    page = render_html(build_report(records, made_manifest(50), class_names(4)), {})
    rows = [re.findall(r"<t[dh][^>]*>.*?</t[dh]>", row) for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)]
    cells = [[re.sub("<[^>]*>", "", cell) for cell in row] for row in rows]
    assert ["class 1 1", "20", "5"] in cells
    assert ["class 2 2", "", "25"] in cells
    assert re.search(r'<td class="r5">20</td><td class="w3">5</td>', page)
    assert ["64² to 128²", "25", "88.00%", "70.04% to 95.83%", ""] in cells
    assert ["128² to 256²", "25", "92.00%", "75.03% to 97.78%", ""] in cells
    assert ["JPEG", "50", "90.00%", "78.64% to 95.65%", ""] in cells
    assert ["class 1 1", "20", "100.00%", "83.89% to 100.00%", "90.00%", "−10.00", "within the interval"] in cells  # noqa: RUF001


def test_in_chinese_no_english_sentence_is_left(report: Report) -> None:
    page = render_html(report, {}, Language.ZH)
    assert '<html lang="zh-CN">' in page
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL).replace(str(Markup.escape(HOSTILE)), "")
    assert set(re.findall(r"[A-Za-z]{3,} [a-z]{3,}", text)) <= {"python opencv", "class folders"}


def test_a_report_of_an_older_version_lacks_the_new_sections(report: Report) -> None:
    new = {"confusion", "pictures", "class_calibration", "selective", "prediction_sets"}
    old = Report.model_validate_json(json.dumps({name: value for name, value in json.loads(report.as_json()).items() if name not in new}))
    titles = re.findall("<h2>(.*?)</h2>", render_html(old, {}))
    assert titles == [title for title in TITLES if title not in NEW_TITLES]


def test_of_many_classes_the_page_says_which_it_shows() -> None:
    records = [answer(n, n % 70, (n + n // 70) % 70) for n in range(210)]
    page = render_html(build_report(records, made_manifest(210, 70), class_names(70)), {})
    assert "The 50 most confused of 70 classes" in page
    assert len(re.findall(r'<table class="matrix many">', page)) == 1


def test_structure_and_contrast_of_the_page(page: Chrome) -> None:
    """One h1 and no level left out, tables with captions and scopes, the keyboard in each part that scrolls, no hidden title."""
    levels = [int(tag[1]) for tag in page.execute_script("return [...document.querySelectorAll('h1,h2,h3')].map(it => it.tagName)")]
    assert levels[0] == 1
    assert set(levels[1:]) == {2}
    assert page.execute_script("return [...document.querySelectorAll('table')].filter(it => !it.caption).length") == 0
    assert page.find_elements(By.CSS_SELECTOR, "th:not([scope])") == []
    assert page.execute_script("return [...document.querySelectorAll('.scroll')].filter(it => it.tabIndex || !it.ariaLabel).length") == 0
    assert page.find_elements(By.CSS_SELECTOR, "[style], [title]") == []
    for scheme in ("light", "dark"):
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        assert min(page.execute_script(CONTRASTS)) >= 4.5, scheme


def test_the_style_is_the_pages_of_the_server() -> None:
    """The variables of light and dark are those of server/web/static/style.css."""
    root = Path(__file__).parents[4] / "server"
    ours, theirs = (variables(root / path) for path in ("evaluation/report/report.css", "web/static/style.css"))
    assert ours <= theirs | {("paper", "#fff"), ("panel", "#fff")}


def variables(path: Path) -> set[tuple[str, str]]:
    return set(re.findall(r"--([\w-]+): (#\w+);", path.read_text("utf-8")))
