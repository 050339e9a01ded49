"""A report as one complete page: no script, font or picture from elsewhere."""

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from server.evaluation.evaluation_errors import PageUnavailable
from server.evaluation.report.calibration import FEWEST_OF_CLASS
from server.evaluation.report.matrix_cells import BOUNDS, matrix_rows
from server.evaluation.report.report import Report
from server.evaluation.report.report_page import as_pictures, render_page, words_of_page
from server.evaluation.report.report_words import (
    Words,
    class_verdict,
    confidence_words,
    manifest_words,
    plot_alternatives,
    size_words,
    totals,
)
from server.words.language import Language

_SHOWN_OF_CLASSES = 20


def check_drawing() -> None:
    """Raise PageUnavailable if the drawing library is missing."""
    if find_spec("matplotlib") is None:
        raise PageUnavailable(
            "The page cannot be drawn: matplotlib is not installed.",
            f"Install it: {sys.executable} -m pip install 'ascend-classify[report]'. Or request the JSON report.",
        )


def render_html(report: Report, thumbnails: Mapping[int, bytes], language: Language = Language.EN) -> str:
    """The page; `thumbnails` are JPEGs by the index of the image. Raises PageUnavailable if the drawing library is missing."""
    check_drawing()
    say = words_of_page("report", language)
    shares = [(name[3:], share) for name, share in report.accuracy.items() if share.total]
    kinds = report.pictures
    widest_first = sorted(report.class_calibration, key=lambda row: (-abs(row.gap), row.class_id))[:_SHOWN_OF_CLASSES]
    return render_page(
        "report",
        language,
        report=report,
        warnings=[note for note in report.notes if note not in report.manifest.dataset_notes],
        figures=[shares[0], shares[-1]] if len(shares) > 1 else shares,
        totals=totals(report.denominators, say),
        plots=_plots(report, say),
        alts=plot_alternatives(report, say),
        confidence_about=confidence_words(report, say),
        matrix=matrix_rows(report.confusion) if report.confusion else (),
        matrix_bounds=BOUNDS,
        worst=report.worst_classes(),
        labelled_classes=sum(row.support > 0 for row in report.per_class),
        of_classes=[(row, class_verdict(row)) for row in widest_first],
        fewest=FEWEST_OF_CLASS,
        sizes=[(size_words(row, say), row.accuracy) for row in kinds.sizes] if kinds else (),
        formats=[(row.format.upper(), row.accuracy) for row in kinds.formats] if kinds else (),
        pictures=as_pictures(thumbnails),
        fields_told=manifest_words(report.manifest, words_of_page("manifest", language), language),
    )


def _plots(report: Report, say: Words) -> dict[str, str]:
    """The drawings, by name; those without data are empty."""
    from server.evaluation.report import report_plots as draw

    words = {drawn: say[f"draw_{drawn.replace(' ', '_')}"] for drawn in draw.DRAWN}
    labelled, found = report.denominators.labelled, report.calibration
    plots: dict[str, Any] = {
        "top_k": labelled and len(report.accuracy) > 1 and draw.top_k_plot(report, words),
        "recall": labelled and draw.recall_plot(report, words),
        "reliability": found and draw.reliability_plot(found, words),
        "confidence": found and draw.confidence_plot(found, words),
        "selective": len(report.selective) > 1 and draw.selective_plot(report.selective, words),
        "latency": report.latency and draw.latency_plot(report.latency, words),
    }
    return {name: drawn or "" for name, drawn in plots.items()}
