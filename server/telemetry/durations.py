"""Histograms of durations, cheap enough to be kept of every stage of every image."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import inf

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Durations(Collector):
    """A Prometheus histogram with one label. One thread observes, the event loop: the library's locks, and costs eight times as much."""

    def __init__(self, name: str, documentation: str, label: str, bounds_s: Sequence[float]) -> None:
        self._name = name
        self._documentation = documentation
        self._label = label
        self._bounds_s = tuple(bounds_s)
        self._counts: dict[str, list[int]] = {}
        self._sums_s: dict[str, float] = {}

    def observe(self, label: str, elapsed_s: float) -> None:
        """Count one duration."""
        counts = self._counts.get(label)
        if counts is None:
            counts = self._counts[label] = [0] * (len(self._bounds_s) + 1)
            self._sums_s[label] = 0.0
        counts[bisect_left(self._bounds_s, elapsed_s)] += 1
        self._sums_s[label] += elapsed_s

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """What Prometheus scrapes."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=[self._label])
        names: list[str] = [floatToGoString(bound_s) for bound_s in (*self._bounds_s, inf)]  # type: ignore[no-untyped-call]
        for label, counts in self._counts.items():
            buckets = [(name, float(count)) for name, count in zip(names, accumulate(counts), strict=True)]
            family.add_metric([label], buckets, self._sums_s[label])
        yield family
