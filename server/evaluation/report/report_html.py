"""A report as one complete page: no script, font or picture from elsewhere."""

from base64 import b64encode
from collections.abc import Mapping
from html import escape
from importlib.util import find_spec
from pathlib import Path

from server.evaluation.evaluation_errors import PageUnavailable
from server.evaluation.report.report import Report
from server.evaluation.report.report_parts import (
    accuracy_table,
    class_table,
    confused_table,
    denominators_table,
    failed_table,
    figures,
    latency_table,
    manifest_list,
)

_CSS = (Path(__file__).parent / "report.css").read_text("utf-8")
_MARK = (Path(__file__).parents[2] / "web" / "static" / "favicon.svg").read_text("utf-8")


def render_html(report: Report, thumbnails: Mapping[int, bytes]) -> str:
    """The page; `thumbnails` are JPEGs by the index of the image. Raises PageUnavailable if the drawing library is missing."""
    if find_spec("matplotlib") is None:
        raise PageUnavailable(
            "The page cannot be drawn: matplotlib is not installed.", "Install ascend-classify[report], or request the JSON report."
        )
    manifest = report.manifest
    parts = [
        _masthead(report),
        _notes(report),
        figures(report),
        '<div class="pair uneven">',
        _panel(
            "Accuracy",
            accuracy_table(report) + _top_k(report),
            "Wilson 95 % intervals. Among all listed images, failed ones count as wrong.",
        ),
        _panel("Images", denominators_table(report.denominators), "The totals behind each figure."),
        "</div>",
        _confidence(report),
        _classes(report),
        _time(report),
        _wrong(report, thumbnails),
        _failed(report),
        _panel("Manifest", manifest_list(manifest), "The inputs behind these figures."),
        '<p class="footer">Every figure is computed from the log of predictions.</p>',
    ]
    return _page(f"{manifest.model} on {manifest.dataset}", "\n".join(part for part in parts if part))


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
        f"<title>{escape(title)}</title>\n<style>\n{_CSS}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _masthead(report: Report) -> str:
    manifest = report.manifest
    told = [f"model version {manifest.model_version}", f"engine {manifest.engine}", f"runtime {manifest.runtime}", manifest.dataset_format]
    told += [f"decode {manifest.decode}"] if manifest.decode != "exact" else []
    told += [f"{manifest.started_at} to {manifest.ended_at or 'now'}"] if manifest.started_at else []
    mark = _MARK.replace("<svg", '<svg class="mark" width="40" height="40" aria-hidden="true"', 1)
    title = f"{manifest.model} on {manifest.dataset}"
    return f'<header class="masthead">{mark}<h1>{escape(title)}</h1><p>{escape(" · ".join(told))}</p></header>'


def _notes(report: Report) -> str:
    counts = report.denominators
    warnings = [note for note in report.notes if note not in report.manifest.dataset_notes]
    if not report.complete:
        missing = f"{counts.not_attempted:,} of {counts.listed:,} images have not been attempted, and count as wrong"
        warnings.insert(0, f"This run is not complete: {missing}.")
    return _list(warnings, "notes") + _list(report.manifest.dataset_notes, "notes plain")


def _list(notes: tuple[str, ...] | list[str], kind: str) -> str:
    return f'<ul class="{kind}">{"".join(f"<li>{escape(note)}</li>" for note in notes)}</ul>' if notes else ""


def _panel(title: str, body: str, about: str = "") -> str:
    words = f'<p class="about">{escape(about)}</p>' if about else ""
    return f'<section class="panel"><h2>{escape(title)}</h2>{words}{body}</section>'


def _plot(svg: str, caption: str) -> str:
    labelled = svg.replace("<svg", f'<svg role="img" aria-label="{escape(caption)}"', 1)
    return f'<figure class="plot">{labelled}<figcaption>{escape(caption)}</figcaption></figure>'


def _top_k(report: Report) -> str:
    from server.evaluation.report import report_plots as plots

    drawn = report.denominators.labelled and len(report.accuracy) > 1
    return _plot(plots.top_k_plot(report), "Accuracy within the first k classes, with 95 % intervals") if drawn else ""


def _confidence(report: Report) -> str:
    from server.evaluation.report import report_plots as plots

    drawn, words = [], "The scores are not probabilities, so there is no calibration."
    if found := report.calibration:
        drawn.append(_plot(plots.reliability_plot(found), "Reliability: below the diagonal the model is too confident"))
        drawn.append(_plot(plots.confidence_plot(found), "The model's confidence in its best class"))
        words = (
            f"Expected calibration error {found.ece:.4f}, the largest {found.mce:.4f} (15 equal bins); mean confidence "
            f"{found.mean_confidence:.2%} over {report.denominators.labelled_decoded:,} answered images."
        )
    if report.denominators.labelled:
        drawn.append(_plot(plots.recall_plot(report), "Number of classes by recall"))
    if not drawn:
        return ""
    about = words if report.calibration or report.manifest.score_type != "probability" else ""
    about = f"{about} {report.manifest.calibration_words}".strip()
    return _panel("Confidence and recall", f'<div class="plots">{"".join(drawn)}</div>', about)


def _classes(report: Report) -> str:
    if not report.per_class:
        return ""
    worst = _panel("Worst classes", class_table(report), "By recall: the share of a class's images with the right prediction.")
    confused = _panel("Confused", confused_table(report), "Images of one class with another prediction, most frequent first.")
    return f'<div class="pair">{worst}{confused}</div>'


def _time(report: Report) -> str:
    from server.evaluation.report import report_plots as plots

    if not report.latency:
        return ""
    plot = _plot(plots.latency_plot(report.latency), "Median and 99th percentile of each stage")
    body = f'<div class="pair uneven"><div>{latency_table(report.latency)}</div>{plot}</div>'
    return _panel("Time", body, "Of the answered images, in ms; percentiles within 0.5 %.")


def _wrong(report: Report, thumbnails: Mapping[int, bytes]) -> str:
    if not report.wrong:
        return ""
    cells = []
    for image in report.wrong:
        jpeg = thumbnails.get(image.index)
        picture = f'<img alt="" src="data:image/jpeg;base64,{b64encode(jpeg).decode()}">' if jpeg else "no picture"
        place = f"the right class is no. {image.rank}" if image.rank else "the right class is not in the answer"
        said, true, name = escape(image.predicted_name), escape(image.label_name), escape(image.name)
        cells.append(
            f'<li><span class="thumb">{picture}</span><p class="said" title="{said}"><span>{said}</span><b>{image.score:.2f}</b></p>'
            f'<p title="{true}; {place}">is {true}</p><p class="file" title="{name}"><bdi>{name}</bdi></p></li>'
        )
    about = f"The {len(cells)} with the highest confidence: first the prediction, below it the right class."
    return _panel("Wrong images", f'<ul class="wrong">{"".join(cells)}</ul>', about)


def _failed(report: Report) -> str:
    if not report.failed:
        return ""
    total = sum(report.denominators.failed.values())
    return _panel("Images without an answer", failed_table(report), f"{total:,} in total; the first ones of the list.")
