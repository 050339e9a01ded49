"""The last ten minutes of the server, a sample every four seconds, for the page that shows them.

It is kept always, not only while somebody looks: then a page that is just opened has a past, all pages share one reading of the
instruments, and a page that was hidden gets what it missed. A sample costs a millisecond of a core (tests/server/serving/test_history.py
prints it), and all 150 of a busy server are 80 kB of JSON, which a page that is opened gets once.
"""

import asyncio
import os
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from prometheus_client import Counter as CounterMetric
from prometheus_client import Histogram

from server.engines.fleet.fleet import Fleet
from server.serving.service import Service
from server.telemetry.metrics import BATCH_SIZES, LATENCY_S, STAGE_S, Metrics

EVERY_S = 4.0
KEPT = 150
"""Samples: ten minutes."""
WATCHERS = ("/status", "/metrics", "/health/", "/v2/health/", "/web", "/docs", "/docs-assets", "/openapi.json", "/language")
"""Endpoints that are asked to look at the server, not to use it."""
IMAGE_ENDPOINTS = ("/classify", "/classify/batch", "/infer", "/ModelInfer")
"""How the endpoints end that take images."""
BOUNDS: Mapping[str, tuple[float, ...]] = MappingProxyType({"took": LATENCY_S, "stages": STAGE_S, "batches": BATCH_SIZES})
"""The upper bounds of the buckets of each kind; a last bucket has none."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

Buckets = Mapping[int, int]
"""Counts by the number of a histogram's bucket, from 0; the last bucket has no upper bound. Empty ones are left out."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What happened in the `over_s` seconds before `at_s` (seconds since 1970), and what was held then. What is zero is left out."""

    at_s: float
    over_s: float
    memory_bytes: int
    window: int
    engine_memory_bytes: int = 0
    """Of the engines that have processes of their own."""
    in_flight: int = 0
    waiting: int = 0
    images: Mapping[str, int] = field(default_factory=dict)
    """By outcome: `ok`, or the code of an error, those included that no engine got."""
    requests: Mapping[str, int] = field(default_factory=dict)
    """By class of status, as `2xx`."""
    took: Buckets = field(default_factory=dict)
    """The times of the requests with images."""
    stages: Mapping[str, Buckets] = field(default_factory=dict)
    batches: Buckets = field(default_factory=dict)


class History:
    """The ring of samples, and the task that fills it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._samples: deque[Sample] = deque(maxlen=KEPT)
        self._before = _Counts(service.metrics)
        self._at_s = self.began_s = time.monotonic()

    async def keep(self) -> None:
        """Take a sample every EVERY_S, until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            self.take()

    def take(self) -> Sample:
        """Take a sample now."""
        service, now, at_s = self._service, _Counts(self._service.metrics), time.monotonic()
        before, over_s, self._before, self._at_s = self._before, at_s - self._at_s, now, at_s
        sample = Sample(
            at_s=round(max(time.time(), self._samples[-1].at_s + 0.001 if self._samples else 0.0), 3),
            over_s=round(over_s, 3),
            memory_bytes=memory_bytes("self"),
            engine_memory_bytes=sum(memory_bytes(pid) for model in service.models for pid in _processes(model.engine)),
            window=service.shares.window,
            in_flight=sum(share.held for share in service.shares.all),
            waiting=sum(len(model.engine.waiting) for model in service.models),
            images=dict(now.images - before.images),
            requests=dict(now.requests - before.requests),
            took=dict(now.took - before.took),
            stages={stage: more for stage, counts in now.stages.items() if (more := dict(counts - before.stages.get(stage, Counter())))},
            batches=dict(now.batches - before.batches),
        )
        self._samples.append(sample)
        return sample

    def since(self, at_s: float) -> list[Sample]:
        """The samples after that time, oldest first; all of them if the time has not come yet, since a clock was set back."""
        if at_s > time.time() + EVERY_S:
            at_s = 0.0
        return [sample for sample in self._samples if sample.at_s > at_s]


class _Counts:
    """What the instruments have counted so far, over all models."""

    def __init__(self, metrics: Metrics) -> None:
        self.images: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        for labels, value in _totals(metrics.images):
            self.images[labels["outcome"]] += value
        for labels, value in _totals(metrics.rejected):
            self.images[labels["reason"]] += value
        for labels, value in _totals(metrics.http_requests):
            if not labels["endpoint"].startswith(WATCHERS):
                self.requests[f"{labels['code'][0]}xx"] += value
        took = _buckets(metrics.http_duration_s, "endpoint")
        self.took = _added(counts for endpoint, counts in took.items() if endpoint.endswith(IMAGE_ENDPOINTS))
        self.stages = _buckets(metrics.stage_duration_s, "stage")
        self.batches = _added(_buckets(metrics.batch_size, "model").values())


def memory_bytes(process: int | str) -> int:
    """The resident memory of a process; 0 if it has ended, or the system does not tell."""
    try:
        return int(Path(f"/proc/{process}/statm").read_bytes().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0


def _totals(counter: CounterMetric) -> Iterable[tuple[Mapping[str, str], int]]:
    for metric in counter.collect():
        for sample in metric.samples:
            yield sample.labels, int(sample.value)


def _buckets(histogram: Histogram, label: str) -> dict[str, Counter[int]]:
    """The counts of each value of a label, by the number of the bucket."""
    found: dict[str, Counter[int]] = {}
    for metric in histogram.collect():
        number, below, child = 0, 0, None
        for sample in metric.samples:
            if not sample.name.endswith("_bucket"):
                continue
            labels = {name: value for name, value in sample.labels.items() if name != "le"}
            if labels != child:
                number, below, child = 0, 0, labels
            counts = found.setdefault(labels[label], Counter())
            if count := int(sample.value) - below:
                counts[number] += count
            number, below = number + 1, int(sample.value)
    return found


def _added(many: Iterable[Counter[int]]) -> Counter[int]:
    total: Counter[int] = Counter()
    for counts in many:
        total.update(counts)
    return total


def _processes(fleet: Fleet) -> set[int]:
    return {process for member in fleet.members if (process := member.engine.process)}
