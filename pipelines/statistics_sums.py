"""The lines of the performance statistics, summed up by stream and element; damaged lines are counted and skipped."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

_MAX_LINE_BYTES = 64 * 1024  # the vendor's longest line, a queue with 1000 sizes, has 12 kB
_SHORT_INTERVAL_S = 0.99  # the shortest interval is 1, with rounding; a rate over less time is random
_LONGEST_INTERVAL_S = 2 * 86_400.0  # twice the vendor's longest interval
_MAX_NUMBER = 2.0**63

Line = Mapping[str, object]


class Times:
    """The sum of lines of the e2e and plugin kinds."""

    def __init__(self) -> None:
        self.count = self.total_us = self.max_us = 0
        self.min_us: int | None = None

    def add(self, count: int, total_us: int, max_us: int, min_us: int) -> None:
        """Add one report; an idle report does not change maximum and minimum."""
        if count:
            self.count += count
            self.total_us += total_us
            self.max_us = max(self.max_us, max_us)
            self.min_us = min_us if self.min_us is None else min(self.min_us, min_us)

    def numbers(self) -> tuple[int, float, float, float]:
        """Count, and mean, maximum and minimum in ms."""
        mean_us = self.total_us / self.count if self.count else 0.0
        return self.count, mean_us / 1000, self.max_us / 1000, (self.min_us or 0) / 1000


class Rates:
    """The sum of lines of the throughput kind. The interval of a line follows from its rate."""

    def __init__(self) -> None:
        self.frames = self.intervals = self.busy = 0
        self.busy_s = self.max_per_s = self.max_short_per_s = 0.0  # max_short_per_s is used if no interval is long enough for max_per_s

    def add(self, frames: int, rate: float) -> None:
        """Add one report: the frames of an interval, and the frames per second."""
        self.intervals += 1
        if frames and rate:
            self.frames += frames
            self.busy += 1
            self.busy_s += frames / rate
            if frames / rate >= _SHORT_INTERVAL_S:
                self.max_per_s = max(self.max_per_s, rate)
            else:
                self.max_short_per_s = max(self.max_short_per_s, rate)

    def numbers(self) -> tuple[int, int, int, float, float]:
        """Frames, intervals, busy intervals, mean and maximum per second."""
        mean_per_s = self.frames / self.busy_s if self.busy_s else 0.0
        return self.frames, self.intervals, self.busy, mean_per_s, self.max_per_s or self.max_short_per_s


class Fill:
    """The sum of lines of the queue kind."""

    def __init__(self) -> None:
        self.capacity = self.looks = self.total = self.max = 0

    def add(self, capacity: int, largest: int, sizes: list[int]) -> None:
        """Add one report: the samples of a queue."""
        self.capacity = max(self.capacity, capacity)
        self.max = max(self.max, largest, *sizes)
        self.looks += len(sizes)
        self.total += sum(sizes)

    def numbers(self) -> tuple[int, int, float, int, float, float]:
        """Capacity, samples, mean and maximum in frames, mean and maximum as shares of the capacity."""
        mean, capacity = self.total / self.looks if self.looks else 0.0, self.capacity
        return capacity, self.looks, mean, self.max, mean / capacity if capacity else 0.0, self.max / capacity if capacity else 0.0


class StatisticsSums:
    """The sums of all lines, by stream and element."""

    def __init__(self) -> None:
        self.read = self.skipped = 0
        self.updates: tuple[str, str] | None = None  # the first and the last
        self.e2e: dict[str, Times] = {}
        self.plugins: dict[tuple[str, str, str, str], Times] = {}
        self.rates: dict[str, Rates] = {}
        self.queues: dict[tuple[str, str], Fill] = {}

    def add_file(self, path: Path) -> None:
        """Add every readable line of a file; raises OSError if the file cannot be read."""
        for text in _lines(path):
            try:
                self._add(json.loads(text))
                self.read += 1
            except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
                self.skipped += 1

    def _add(self, line: Line) -> None:
        """Add a whole line or nothing of it; raises ValueError, KeyError or TypeError."""
        kind, stream = _text(line, "type"), _text(line, "streamName")
        match kind:
            case "e2e":
                times = _times(line)
                self.e2e.setdefault(stream, Times()).add(*times)
            case "plugin" | "modelInference" | "postProcessor" | "videoDecode":
                key, times = (stream, _text(line, "elementName"), _text(line, "factory"), kind), _times(line)
                self.plugins.setdefault(key, Times()).add(*times)
            case "throughputRate":
                rate = _rate(line)
                self.rates.setdefault(stream, Rates()).add(*rate)
            case "queueSize":
                element, fill = _text(line, "elementName"), _fill(line)
                self.queues.setdefault((stream, element), Fill()).add(*fill)
            case _:
                raise ValueError(f"unknown type {kind!r}")
        if update := str(line.get("updateTime", "")):
            first, last = self.updates or (update, update)
            self.updates = min(first, update), max(last, update)


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file of any length. A line that is too long becomes an empty line, which is not JSON."""
    with path.open("rb") as file:
        while line := file.readline(_MAX_LINE_BYTES):
            too_long = len(line) == _MAX_LINE_BYTES and not line.endswith(b"\n")
            while too_long and (rest := file.readline(_MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield b"" if too_long else line


def _times(line: Line) -> tuple[int, int, int, int]:
    count, total_us, max_us, min_us = (int(_number(line[key])) for key in ("frequency", "totalTime", "maxTime", "minTime"))
    return count, total_us, max_us, min_us


def _rate(line: Line) -> tuple[int, float]:
    frames, rate = int(_number(line["throughput"])), _number(line["throughputRate"])
    if rate and frames / rate > _LONGEST_INTERVAL_S:
        raise ValueError("the interval is too long")
    return frames, rate


def _fill(line: Line) -> tuple[int, int, list[int]]:
    sizes = line["recentSize"]
    if not isinstance(sizes, list):
        raise TypeError("recentSize is not a list")
    return int(_number(line["maxSizeBuffers"])), int(_number(line["maxSize"])), [int(_number(size)) for size in sizes]


def _text(line: Line, key: str) -> str:
    value = line[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is not a text")
    return value


def _number(value: object) -> float:
    """A number, or a text with a number; not negative, and not larger than a counter can be."""
    if not isinstance(value, str | int | float):
        raise TypeError(f"{value!r} is not a number")
    number = float(value)
    if not 0 <= number < _MAX_NUMBER:  # also refuses NaN
        raise ValueError(f"{number} is out of range")
    return number
