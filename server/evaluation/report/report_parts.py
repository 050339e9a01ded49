"""The tables of a report's page."""

from collections.abc import Iterable, Sequence
from html import escape

from server.evaluation.report.accuracy import Denominators
from server.evaluation.report.intervals import Share
from server.evaluation.report.latency import Percentiles
from server.evaluation.report.report import WORST_CLASSES, Report
from server.evaluation.run.run_manifest import RunManifest

_PAIRS = 20
_FAILED = 10
_NOTHING = "\N{EN DASH}"


def figures(report: Report) -> str:
    """The main figures, in large type."""
    shares = list(report.accuracy.items())
    chosen = [shares[0], shares[-1]] if len(shares) > 1 else shares
    cells = [_share_figure(f"Top-{name.removeprefix('top')} of all listed images", share) for name, share in chosen if share.total]
    if report.calibration:
        detail = f"mean confidence {report.calibration.mean_confidence:.2%}"
        cells.append(_figure("Expected calibration error", f"{report.calibration.ece:.4f}", detail))
    speed = report.throughput
    if speed.images_per_s is not None and speed.seconds is not None:
        sessions = "" if speed.sessions == 1 else f", {speed.sessions} sessions"
        detail = f"{speed.images:,} images in {speed.seconds:.1f} s{sessions}"
        cells.append(_figure("Throughput", f"{speed.images_per_s:.1f} <small>images/s</small>", detail))
    return f'<dl class="panel figures">{"".join(cells)}</dl>' if cells else ""


def accuracy_table(report: Report) -> str:
    """Top-1 to top-k over both denominators."""
    if not report.denominators.labelled:
        return '<p class="soft">The images have no labels.</p>'
    counts = report.denominators
    rows = [
        [f"Top-{name.removeprefix('top')}", f"{listed.correct:,}", *_share_cells(listed), *_share_cells(decoded)]
        for (name, listed), decoded in zip(report.accuracy.items(), report.accuracy_decoded.values(), strict=True)
    ]
    head = ["", "right", f"of {counts.labelled:,} listed", "95 %", f"of {counts.labelled_decoded:,} answered", "95 %"]
    return _table(head, rows, numbers=range(1, 6))


def denominators_table(counts: Denominators) -> str:
    """The number of images of each kind, parts below their totals."""
    rows = [("Listed", counts.listed, ""), ("Attempted", counts.attempted, ""), ("Answered (decoded)", counts.decoded, "part")]
    rows += [(f"Failed: {outcome}", count, "part") for outcome, count in counts.failed.items()]
    rows += [
        ("Not attempted", counts.not_attempted, ""),
        ("With a label", counts.labelled, ""),
        ("of these answered", counts.labelled_decoded, "part"),
        ("of these with a tie for the best class", counts.tied, "part"),
        ("Without a label", counts.unlabelled, ""),
    ]
    cells = "".join(
        f'<tr><td class="{kind}">{escape(name)}</td><td class="n">{count:,}</td><td class="n soft">{_of(count, counts.listed)}</td></tr>'
        for name, count, kind in rows
    )
    return f"<table><tbody>{cells}</tbody></table>"


def class_table(report: Report) -> str:
    """The classes of lowest recall."""
    rows = [
        [_named(row.class_id, row.name), str(row.support), _percent(row.recall), _percent(row.precision), _bar(row.recall)]
        for row in report.worst_classes()
    ]
    labelled = sum(row.support > 0 for row in report.per_class)
    head = [f"{min(WORST_CLASSES, labelled)} of {labelled} classes", "images", "recall", "precision", "recall"]
    return _table(head, rows, numbers=range(1, 4))


def confused_table(report: Report) -> str:
    """The most confused pairs."""
    rows = [
        [_named(pair.label, pair.label_name), _named(pair.predicted, pair.predicted_name), str(pair.count), _percent(pair.share)]
        for pair in report.confused[:_PAIRS]
    ]
    return (
        _table(["is", "taken for", "images", "of its class"], rows, numbers=range(2, 4))
        if rows
        else '<p class="soft">No class was confused with another.</p>'
    )


def latency_table(latency: dict[str, Percentiles]) -> str:
    """Percentiles by stage."""
    rows = [
        [escape(stage), *(_ms(value) for value in (row.mean_ms, row.p50_ms, row.p90_ms, row.p95_ms, row.p99_ms, row.p999_ms, row.max_ms))]
        for stage, row in latency.items()
    ]
    return _table(["stage", "mean", "p50", "p90", "p95", "p99", "p99.9", "max"], rows, numbers=range(1, 8))


def failed_table(report: Report) -> str:
    """Examples of images without an answer."""
    rows = [[str(image.index), escape(image.name), escape(image.outcome)] for image in report.failed[:_FAILED]]
    return _table(["index", "image", "outcome"], rows, numbers=())


def manifest_list(manifest: RunManifest) -> str:
    """Every field of the manifest."""
    rows: list[tuple[str, str]] = []
    for name, value in manifest.model_dump(exclude={"schema_version", "dataset_notes"}).items():
        if isinstance(value, dict):
            rows += [(f"{name}: {key}", str(text)) for key, text in value.items()]
        elif isinstance(value, tuple):
            rows.append((name, ", ".join(map(str, value)) or _NOTHING))
        else:
            rows.append((name, _NOTHING if value in (None, "") else str(value)))
    return f'<dl class="manifest">{"".join(_entry(name, value) for name, value in rows)}</dl>'


def _entry(name: str, value: str) -> str:
    kind = ' class="hash"' if name.endswith("sha256") else ""
    return f"<div><dt>{escape(name.replace('_', ' '))}</dt><dd{kind}>{escape(value)}</dd></div>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int]) -> str:
    """A table of HTML cells; the columns in `numbers` are aligned to the right."""
    right = set(numbers)

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(f"<{tag}{_kind(tag, cell, place in right)}>{cell}</{tag}>" for place, cell in enumerate(row))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{cells("th", head)}</tr></thead><tbody>{body}</tbody></table></div>'


def _kind(tag: str, cell: str, right: bool) -> str:  # noqa: FBT001
    if right:
        return ' class="n"'
    if tag == "td" and cell.startswith("<span style"):
        return ' class="bar"'
    return ' class="name"' if cell.startswith("<span title") else ""


def _figure(name: str, value: str, detail: str) -> str:
    return f'<div class="figure"><dt>{escape(name)}</dt><dd class="value">{value}</dd><dd class="detail">{escape(detail)}</dd></div>'


def _share_figure(name: str, share: Share) -> str:
    low, high = share.interval or (0.0, 1.0)
    style = f"--value: {share.value or 0:.4%}; --low: {low:.4%}; --high: {high:.4%}"
    return (
        f'<div class="figure"><dt>{escape(name)}</dt><dd class="value">{_percent(share.value)}</dd>'
        f'<dd class="detail"><span class="range" style="{style}"><i></i><b></b></span>'
        f"95 %: {low:.2%} to {high:.2%}<br>{share.correct:,} of {share.total:,}</dd></div>"
    )


def _share_cells(share: Share) -> list[str]:
    interval = f'<span class="soft">{share.interval[0]:.2%} to {share.interval[1]:.2%}</span>' if share.interval else _NOTHING
    return [f"<b>{_percent(share.value)}</b>", interval]


def _named(class_id: int, name: str) -> str:
    return f'<span title="{escape(name)}">{escape(name)} <span class="id">{class_id}</span></span>'


def _bar(share: float | None) -> str:
    return f'<span style="--share: {share or 0:.2%}"></span>'


def _percent(share: float | None) -> str:
    return _NOTHING if share is None else f"{share:.2%}"


def _of(count: int, total: int) -> str:
    return f"{count / total:.2%}" if total else _NOTHING


def _ms(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:.0f}"
