"""The plots: well-formed, of the page's colours, and the same for the same report."""

from xml.etree import ElementTree as ET

import pytest

from server.evaluation.report import report_plots
from server.evaluation.report.report import Report, build_report
from tests.server.evaluation.made_run import answer, class_names, failure, made_manifest


@pytest.fixture(scope="module")
def report() -> Report:
    records = [
        answer(n, n % 4, n % 3, 3 - n % 3 // 2, score=0.3 + n / 150, stages_ms={"infer": 5.0 + n}, latency_ms=9.0 + n) for n in range(99)
    ]
    return build_report([*records, failure(99, 1)], made_manifest(100), class_names(4))


def draw(report: Report, words: dict[str, str] | None = None) -> dict[str, str]:
    assert report.calibration
    say = words or {}
    return {
        "top k": report_plots.top_k_plot(report, say),
        "reliability": report_plots.reliability_plot(report.calibration, say),
        "confidence": report_plots.confidence_plot(report.calibration, say),
        "recall": report_plots.recall_plot(report, say),
        "latency": report_plots.latency_plot(report.latency, say),
        "selective": report_plots.selective_plot(report.selective, say),
    }


def test_every_plot_is_an_svg_of_text_whose_ids_are_its_own(report: Report) -> None:
    seen: set[str] = set()
    for name, svg in draw(report).items():
        tree = ET.fromstring(svg)  # noqa: S314 - our own
        texts = [text.text for text in tree.iter("text")]
        assert len(texts) > 4, name
        ids = {element.get("id", "") for element in tree.iter()} - {""}
        assert not ids & seen, name
        seen |= ids
        links = {element.get("href", "#").removeprefix("#") for element in tree.iter()} - {""}
        assert links <= ids, name


def test_every_colour_and_letter_is_the_pages(report: Report) -> None:
    for name, svg in draw(report).items():
        assert "var(--muted)" in svg, name
        assert not [word for word in svg.split() if word.startswith("#") and len(word.rstrip(";\"'")) == 7], name
        assert "DejaVu" not in svg, name
        assert "style" not in svg, name


def test_every_word_that_is_drawn_is_said_in_the_language(report: Report) -> None:
    words = {word: f"<{place}>" for place, word in enumerate(report_plots.DRAWN)}
    texts = {text.text for svg in draw(report, words).values() for text in ET.fromstring(svg).iter("text")}  # noqa: S314 - our own
    assert set(words.values()) <= texts
    assert {text for text in texts if text and text.isalpha()} <= {"k", "ms", "infer"}


def test_the_same_report_gives_the_same_bytes(report: Report) -> None:
    assert draw(report) == draw(report)


def test_a_reports_extremes_can_be_drawn() -> None:
    one = build_report([answer(0, 1, 1, score=1.0)], made_manifest(1), class_names(4))
    assert all("<svg" in svg for svg in (report_plots.top_k_plot(one, {}), report_plots.recall_plot(one, {})))
    assert report_plots.latency_plot(one.latency, {}).count("total") == 1  # a latency of 0 on a logarithmic scale
