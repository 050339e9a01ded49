"""Sum up a folder of performance statistics, which either runtime writes with `enable_ps` of sdk.conf."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from pipelines.pipeline_errors import StatisticsMissing
from pipelines.statistics_sums import StatisticsSums, Times

# <name>.e2e.<process>.<pid>.<time>; older SDKs leave out process and pid. The lines hold the rest.
_FILE = re.compile(r".+\.(e2e|plugin|tpr|queue)\..+")


@dataclass(frozen=True)
class EndToEnd:
    """The times from the source of a stream to its sink."""

    stream: str
    count: int
    mean_ms: float
    max_ms: float
    min_ms: float


@dataclass(frozen=True)
class Plugin:
    """An element, or a part of it (`type`). `share` is its share of the stream's end-to-end time, None if that is unknown."""

    stream: str
    element: str
    factory: str
    type: str
    count: int
    mean_ms: float
    max_ms: float
    min_ms: float
    share: float | None


@dataclass(frozen=True)
class BatchSummary:
    """How many of a stream's frames an inference had on average; frames that failed before it count as if they had been in one."""

    stream: str
    element: str
    inferences: int
    frames: int
    mean_batch: float


@dataclass(frozen=True)
class ThroughputSummary:
    """Frames that left a stream; the mean covers only the `busy` intervals, those with at least one frame."""

    stream: str
    frames: int
    intervals: int
    busy: int
    mean_per_s: float
    max_per_s: float


@dataclass(frozen=True)
class QueueSummary:
    """The number of frames that waited in a queue."""

    stream: str
    element: str
    capacity: int
    looks: int
    mean_frames: float
    max_frames: int
    mean_fill: float
    max_fill: float


Row = EndToEnd | Plugin | BatchSummary | ThroughputSummary | QueueSummary


@dataclass(frozen=True)
class StatisticsReport:
    """The summary of a folder; update times are the vendor's, UTC+8."""

    files: int
    skipped_lines: int
    first_update: str
    last_update: str
    e2e: tuple[EndToEnd, ...]
    plugins: tuple[Plugin, ...]
    batches: tuple[BatchSummary, ...]
    throughput: tuple[ThroughputSummary, ...]
    queues: tuple[QueueSummary, ...]

    def as_json(self) -> str:
        """The report as JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)

    def as_text(self) -> str:
        """The report as aligned tables; empty tables are left out."""
        head = f"{self.files} files, {self.first_update} to {self.last_update} (UTC+8)"
        if self.skipped_lines:
            head += f"; {self.skipped_lines} lines are damaged or cut off and were skipped"
        tables: dict[str, Sequence[Row]] = {
            "End to end": self.e2e,
            "Plugins": self.plugins,
            "Batches": self.batches,
            "ThroughputSummary": self.throughput,
            "Queues": self.queues,
        }
        return "\n".join([head, *(f"\n{title}\n{_table(rows)}" for title, rows in tables.items() if rows)])


def read_report(folder: Path) -> StatisticsReport:
    """Sum up all files of a folder; raises StatisticsMissing if the folder has no files or no readable line."""
    if not folder.is_dir():
        raise StatisticsMissing(f"{folder} is not a folder.")
    paths = sorted(path for path in folder.iterdir() if _FILE.fullmatch(path.name) and path.is_file())
    sums = StatisticsSums()
    for path in paths:
        try:
            sums.add_file(path)
        except OSError as error:
            raise StatisticsMissing(f"{path} cannot be read: {error.strerror}.") from error
    if not sums.read:
        found = f"{len(paths)} statistics files without a line that can be read" if paths else "no statistics files (<name>.e2e.…)"
        remedy = "Set enable_ps=true in sdk.conf; the files come after ps_interval_time seconds."
        raise StatisticsMissing(f"{folder} holds {found}.", remedy)
    return _report(len(paths), sums)


def _report(files: int, sums: StatisticsSums) -> StatisticsReport:
    def share(stream: str, times: Times) -> float | None:
        whole = sums.e2e.get(stream)
        return times.total_us / whole.total_us if whole and whole.total_us else None

    first, last = sums.updates or ("", "")
    return StatisticsReport(
        files=files,
        skipped_lines=sums.skipped,
        first_update=first,
        last_update=last,
        e2e=tuple(EndToEnd(stream, *times.numbers()) for stream, times in sorted(sums.e2e.items())),
        plugins=tuple(Plugin(*key, *times.numbers(), share(key[0], times)) for key, times in sorted(sums.plugins.items(), key=_by_cost)),
        batches=tuple(_batches(sums)),
        throughput=tuple(ThroughputSummary(stream, *rates.numbers()) for stream, rates in sorted(sums.rates.items())),
        queues=tuple(QueueSummary(stream, element, *fill.numbers()) for (stream, element), fill in sorted(sums.queues.items())),
    )


def _batches(sums: StatisticsSums) -> Iterator[BatchSummary]:
    for (stream, element, _, kind), inference in sorted(sums.plugins.items()):
        whole = sums.e2e.get(stream)
        if kind == "modelInference" and whole and inference.count:
            yield BatchSummary(stream, element, inference.count, whole.count, whole.count / inference.count)


def _by_cost(item: tuple[tuple[str, str, str, str], Times]) -> tuple[str, int, str]:
    (stream, element, _, _), times = item
    return stream, -times.total_us, element


def _table(rows: Sequence[Row]) -> str:
    names = [field.name for field in fields(rows[0])]
    cells = [names, *([_cell(name, getattr(row, name)) for name in names] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(names))]
    left = [isinstance(getattr(rows[0], name), str) for name in names]
    columns = list(zip(widths, left, strict=True))
    lines = ("  ".join(_padded(text, *column) for text, column in zip(row, columns, strict=True)) for row in cells)
    return "\n".join(f"  {line.rstrip()}" for line in lines)


def _padded(text: str, width: int, left: bool) -> str:  # noqa: FBT001 - a column, spelt out
    return text.ljust(width) if left else text.rjust(width)


def _cell(name: str, value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.1%}" if name in ("share", "mean_fill", "max_fill") else f"{value:.2f}"
    return "".join(c if c.isprintable() else "?" for c in str(value))  # the text goes to a terminal
