"""Triton's names for what the instruments count (METRICS_ALIASES=triton), so that its dashboards and scaling recipes work.

They are read off the instruments at each scrape, so an image costs nothing more. Counters are untyped in the text: Triton's
have no `_total` behind their names, which the client library puts there for the type.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily, UnknownMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from server.telemetry.metrics import Metrics

STAGES: Mapping[str, tuple[str, ...]] = {
    "queue": ("queue",),
    "compute_input": ("decode", "resize", "crop"),
    "compute_infer": ("infer",),
    "compute_output": ("postprocess",),
}
"""Triton's parts of a request, and the stages that make them up. A stage that no engine can see counts nothing."""
REASONS = {"saturated": "REJECTED", "abandoned": "CANCELED", "engine_failed": "BACKEND", "engine_unavailable": "BACKEND"}
"""Triton's reasons of a failure, by our outcome; any other is OTHER."""
FAILED, LABELS = "OTHER", ("model", "version")


class TritonNames(Collector):
    """Gives the families to a registry. All images are requests of one image, as those of a batch are counted here one by one."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> Iterable[Metric]:
        """Nothing: the names do not meet those of the instruments, so that a registry need not collect to check it."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The families, for the models that are served now, in their present version; counts are over all versions."""
        versions = {sample.labels["model"]: sample.labels["version"] for sample in _samples(self._metrics.model_info)}
        images = self._by_outcome()

        def counter(name: str, documentation: str, values: Mapping[str, float]) -> UnknownMetricFamily:
            family = UnknownMetricFamily(f"nv_inference_{name}", documentation, labels=LABELS)
            for model, version in versions.items():
                family.add_metric((model, version), values.get(model, 0.0))
            return family

        succeeded = {model: outcomes["ok"] for model, outcomes in images.items()}
        yield counter("request_success", "Images answered.", succeeded)
        yield self._failures(versions, images)
        yield counter("count", "Images inferred.", succeeded)
        yield counter("exec_count", "Runs of the model, where the runtime tells; else images.", self._runs(succeeded))
        pending = GaugeMetricFamily("nv_inference_pending_request_count", "Images in progress.", labels=LABELS)
        for sample in _samples(self._metrics.in_flight):
            if version := versions.get(sample.labels["model"]):
                pending.add_metric((sample.labels["model"], version), sample.value)
        yield pending
        spent = self._spent_us()
        for part, stages in STAGES.items():
            documentation = f"Microseconds of all images in {part}: {', '.join(stages)}."
            yield counter(f"{part}_duration_us", documentation, {model: sum(us[stage] for stage in stages) for model, us in spent.items()})
        whole = {model: sum(us[stage] for stages in STAGES.values() for stage in stages) for model, us in spent.items()}
        yield counter("request_duration_us", "Microseconds of all images in the parts together.", whole)

    def _by_outcome(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for instrument, label in ((self._metrics.images, "outcome"), (self._metrics.rejected, "reason")):
            for sample in _samples(instrument):
                found[sample.labels["model"]][sample.labels[label]] += sample.value
        return found

    @staticmethod
    def _failures(versions: Mapping[str, str], images: Mapping[str, Mapping[str, float]]) -> UnknownMetricFamily:
        family = UnknownMetricFamily("nv_inference_request_failure", "Images without an answer.", labels=(*LABELS, "reason"))
        for model, version in versions.items():
            failed = dict.fromkeys((*REASONS.values(), FAILED), 0.0)
            for outcome, count in images.get(model, {}).items():
                if outcome != "ok":
                    failed[REASONS.get(outcome, FAILED)] += count
            for reason, count in failed.items():
                family.add_metric((model, version, reason), count)
        return family

    def _runs(self, images: Mapping[str, float]) -> dict[str, float]:
        runs = {each.labels["model"]: each.value for each in _samples(self._metrics.batch_size) if each.name.endswith("_count")}
        return {model: runs.get(model) or count for model, count in images.items()}

    def _spent_us(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for sample in _samples(self._metrics.stage_duration_s):
            if sample.name.endswith("_sum"):
                found[sample.labels["model"]][sample.labels["stage"]] = sample.value * 1e6
        return found


def _samples(instrument: Collector) -> Iterator[Sample]:
    """Of an instrument, in all its labels."""
    for family in instrument.collect():
        yield from family.samples
