"""The plots of a report as SVG; they take colours, fonts and words from the page."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from threading import Lock
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, PercentFormatter
from matplotlib.typing import RcKeyType

from server.evaluation.report.calibration import Calibration
from server.evaluation.report.latency import Percentiles
from server.evaluation.report.plot_svg import svg_for_page
from server.evaluation.report.report import Report
from server.evaluation.report.selective import SelectiveRow

# The plots are drawn in these colours, which are then replaced by the variables of report.css, so that they follow light and dark.
_COLOURS = {
    "#1c2326": "--ink",
    "#5c666a": "--muted",
    "#dad7cf": "--line",
    "#12696b": "--accent",
    "#549190": "--accent-soft",
    "#b4452f": "--bad",
}
_INK, _MUTED, _LINE, _ACCENT, _SOFT, _BAD = _COLOURS

_STYLE: dict[RcKeyType, Any] = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "ascend-classify",  # the same report gives the same bytes
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": _LINE,
    "grid.linewidth": 0.6,
    "xtick.color": _LINE,
    "ytick.color": _LINE,
    "xtick.labelcolor": _MUTED,
    "ytick.labelcolor": _MUTED,
    "legend.frameon": False,
}
Words = Mapping[str, str]
"""What a text of a plot becomes, for example its Chinese; others stay."""
DRAWN = (
    "all listed",
    "answered",
    "accuracy",
    "confidence",
    "right",
    "wrong",
    "images",
    "recall",
    "classes",
    "median",
    "total",
    "share answered",
)
"""The words that are drawn; names of stages and p99 stay."""

_WIDTH_IN = 4.0  # the same for every plot, so that all text has one size
_LEAST_MS = 0.001  # zero has no position on a logarithmic scale
_style_lock = Lock()  # the style is the library's global state


def top_k_plot(report: Report, say: Words) -> str:
    """Accuracy and its intervals for the first k classes, over all listed images and over those with an answer."""
    with _axes("topk", say, 1.7) as (axes, svg):
        for shares, colour, offset, marker, name in (
            (report.accuracy, _ACCENT, -0.1, "o", "all listed"),
            (report.accuracy_decoded, _SOFT, 0.1, "s", "answered"),
        ):
            points = [(place, share.value, share.interval) for place, share in enumerate(shares.values(), start=1)]
            drawn = [(place + offset, value, interval) for place, value, interval in points if value is not None and interval is not None]
            values = [value for _, value, _ in drawn]
            below = [value - interval[0] for _, value, interval in drawn]
            above = [interval[1] - value for _, value, interval in drawn]
            places = [place for place, _, _ in drawn]
            axes.errorbar(places, values, (below, above), fmt=marker, ms=4, lw=1.2, capsize=3, color=colour, label=name)
        axes.set_xlabel("k")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        axes.grid(axis="y")
        axes.legend(loc="lower right")
    return svg[0]


def reliability_plot(calibration: Calibration, say: Words) -> str:
    """Accuracy against confidence, bin by bin; below the diagonal the model is too confident."""
    filled = [found for found in calibration.bins if found.count]
    middles = [(found.lower + found.upper) / 2 for found in filled]
    accuracy = [found.accuracy or 0.0 for found in filled]
    confidence = [found.confidence or 0.0 for found in filled]
    width = 0.92 / len(calibration.bins)
    with _axes("reliability", say) as (axes, svg):
        axes.plot((0, 1), (0, 1), ls=(0, (3, 3)), lw=1, color=_MUTED)
        axes.bar(middles, accuracy, width, color=_SOFT, label="accuracy")
        axes.hlines(confidence, [m - width / 2 for m in middles], [m + width / 2 for m in middles], color=_BAD, lw=1.6, label="confidence")
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy")
        _percent(axes)
        axes.legend(loc="upper left")
    return svg[0]


def confidence_plot(calibration: Calibration, say: Words) -> str:
    """The number of images by confidence, right and wrong ones."""
    middles = [(found.lower + found.upper) / 2 for found in calibration.bins]
    right = [found.correct for found in calibration.bins]
    wrong = [found.count - found.correct for found in calibration.bins]
    width = 0.92 / len(calibration.bins)
    with _axes("confidence", say) as (axes, svg):
        axes.bar(middles, right, width, color=_ACCENT, label="right")
        axes.bar(middles, wrong, width, bottom=right, color=_BAD, label="wrong")
        axes.set(xlim=(0, 1), xlabel="confidence", ylabel="images")
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axes.grid(axis="y")
        axes.legend(loc="upper left")
    return svg[0]


def recall_plot(report: Report, say: Words) -> str:
    """The number of classes by recall."""
    recalls = [row.recall for row in report.per_class if row.recall is not None]
    with _axes("recall", say) as (axes, svg):
        axes.hist(recalls, bins=20, range=(0, 1), color=_SOFT, rwidth=0.9)
        axes.set(xlim=(0, 1), xlabel="recall", ylabel="classes")
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axes.grid(axis="y")
    return svg[0]


def selective_plot(rows: Sequence[SelectiveRow], say: Words) -> str:
    """Accuracy against the share of images that are answered, the most confident first, with the interval as a band."""
    drawn = [(row.coverage, row.accuracy.value, row.accuracy.interval) for row in rows if row.accuracy.interval]
    shares = [share for share, _, _ in drawn]
    with _axes("selective", say) as (axes, svg):
        axes.fill_between(shares, [low for _, _, (low, _) in drawn], [high for _, _, (_, high) in drawn], color=_SOFT, alpha=0.35, lw=0)
        axes.plot(shares, [value or 0.0 for _, value, _ in drawn], "o-", ms=3.5, lw=1.4, color=_ACCENT)
        axes.set(xlim=(0, 1.02), xlabel="share answered", ylabel="accuracy")
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        axes.grid(visible=True)
    return svg[0]


def latency_plot(latency: dict[str, Percentiles], say: Words) -> str:
    """For each stage the median, and a line from there to the 99th percentile; the scale is logarithmic."""
    stages = list(reversed(latency))
    medians_ms = [max(latency[stage].p50_ms, _LEAST_MS) for stage in stages]
    p99_ms = [max(latency[stage].p99_ms, _LEAST_MS) for stage in stages]
    with _axes("latency", say, 0.8 + 0.22 * len(stages)) as (axes, svg):
        axes.hlines(stages, medians_ms, p99_ms, color=_SOFT, lw=3)
        axes.plot(medians_ms, stages, "o", ms=5, color=_ACCENT, label="median")
        axes.plot(p99_ms, stages, "|", ms=8, mew=1.6, color=_BAD, label="p99")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("ms")
        axes.margins(y=0.08)
        axes.tick_params(axis="y", length=0, labelcolor=_INK)
        axes.grid(axis="x")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    return svg[0]


def _percent(axes: Axes) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(visible=True)


@contextmanager
def _axes(name: str, say: Words, height_in: float = 2.9) -> Iterator[tuple[Axes, Sequence[str]]]:
    """Axes for a plot; at the end of the block the list holds the SVG."""
    svg: list[str] = []
    with _style_lock, mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
        yield figure.add_subplot(), svg
        text = StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
        svg.append(svg_for_page(text.getvalue(), name, _COLOURS, say))
