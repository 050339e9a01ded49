"""Percentiles of durations, in memory that does not grow with their number."""

from collections import Counter
from math import ceil, inf, log

from pydantic import BaseModel

_GROWTH = 1.01  # ratio of a bin's upper to its lower bound: percentiles are right within 0.5 %
_LOG_GROWTH = log(_GROWTH)
_SMALLEST_MS = 0.001


class Percentiles(BaseModel, frozen=True):
    """LatencyHistogram in ms; mean and maximum are exact, percentiles within 0.5 % (or 1 µs)."""

    count: int
    mean_ms: float
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float


class LatencyHistogram:
    """A histogram whose bins grow by one percent (the idea of DDSketch: Masson and others, VLDB 2019)."""

    def __init__(self) -> None:
        self._bins: Counter[int] = Counter()
        self._count = 0
        self._sum_ms = 0.0
        self._max_ms = -inf

    def add(self, elapsed_ms: float) -> None:
        """Count one duration."""
        self._bins[ceil(log(max(elapsed_ms, _SMALLEST_MS)) / _LOG_GROWTH)] += 1
        self._count += 1
        self._sum_ms += elapsed_ms
        self._max_ms = max(self._max_ms, elapsed_ms)

    def percentile(self, share: float) -> float:
        """The shortest duration that is not below this share of all durations (the nearest rank)."""
        rank = max(1, ceil(share * self._count))
        for number in sorted(self._bins):
            rank -= self._bins[number]
            if rank <= 0:
                return min(self._max_ms, 2 * _GROWTH**number / (1 + _GROWTH))
        raise ValueError("there are no durations")

    def percentiles(self) -> Percentiles:
        """All percentiles; there must be a duration."""
        return Percentiles(
            count=self._count,
            mean_ms=self._sum_ms / self._count,
            p50_ms=self.percentile(0.5),
            p90_ms=self.percentile(0.9),
            p95_ms=self.percentile(0.95),
            p99_ms=self.percentile(0.99),
            p999_ms=self.percentile(0.999),
            max_ms=self._max_ms,
        )
