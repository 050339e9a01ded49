"""The statistics of a model in the protocol's form, from the metrics of all its images, whatever way they came."""

from math import isfinite
from time import monotonic, time

from prometheus_client import Counter, Histogram
from pydantic import Field

from server.oip.protocol_reply import ProtocolReply
from server.serving.registry import RegisteredModel
from server.telemetry.metrics import Metrics

STAGES = {
    "queue": ("queue",),
    "compute_input": ("decode", "resize", "crop"),
    "compute_infer": ("infer",),
    "compute_output": ("postprocess", "serialize"),
}
"""The protocol's names of the stages of an image."""
_NS = 1_000_000_000
_MS = 1000
_OK = "ok"


class Duration(ProtocolReply):
    """How often, and how long together."""

    count: int = 0
    ns: int = 0


class InferenceStatistics(ProtocolReply):
    """Images that were answered, those that were not, and the stages of the former. `fail` has a count only."""

    success: Duration
    fail: Duration
    queue: Duration
    compute_input: Duration
    compute_infer: Duration
    compute_output: Duration
    cache_hit: Duration = Duration()
    cache_miss: Duration = Duration()


class BatchStatistics(ProtocolReply):
    """Runs of the model with this number of images. Only `compute_infer.count` is known: the engines tell times for each image."""

    batch_size: int
    compute_input: Duration = Duration()
    compute_infer: Duration
    compute_output: Duration = Duration()


class ModelStatistics(ProtocolReply):
    """A model's counts since the server's start; `last_inference` is in milliseconds since 1970."""

    name: str
    version: str
    last_inference: int
    inference_count: int
    execution_count: int
    inference_stats: InferenceStatistics
    batch_stats: list[BatchStatistics]
    response_stats: dict[str, int] = Field(default_factory=dict)
    memory_usage: list[int] = Field(default_factory=list)


class StatisticsReply(ProtocolReply):
    """The statistics of one model or of all."""

    model_stats: list[ModelStatistics]


def statistics_of(models: list[RegisteredModel], metrics: Metrics) -> StatisticsReply:
    """The statistics of some models."""
    return StatisticsReply(model_stats=[_of(model, metrics) for model in models])


def _of(model: RegisteredModel, metrics: Metrics) -> ModelStatistics:
    ok = failed = 0
    for value, labels in _samples(metrics.images, "_total", model.name):
        if labels["outcome"] == _OK:
            ok += int(value)
        else:
            failed += int(value)
    totals_s = {labels["stage"]: value for value, labels in _samples(metrics.stage_duration_s, "_sum", model.name)}
    stages = {name: Duration(count=ok, ns=round(sum(totals_s.get(part, 0.0) for part in parts) * _NS)) for name, parts in STAGES.items()}
    runs = {size: count for size, count in sorted(model.metrics.runs().items()) if count}
    manifest = model.model.manifest
    return ModelStatistics(
        name=model.name,
        version=manifest.version,
        last_inference=round((time() - (monotonic() - model.admission.last_s)) * _MS) if isfinite(model.admission.last_s) else 0,
        inference_count=ok,
        execution_count=sum(runs.values()) if runs else ok,
        inference_stats=InferenceStatistics(
            success=Duration(count=ok, ns=sum(each.ns for each in stages.values())), fail=Duration(count=failed), **stages
        ),
        batch_stats=[BatchStatistics(batch_size=size, compute_infer=Duration(count=count)) for size, count in runs.items()],
    )


def _samples(instrument: Counter | Histogram, ending: str, model: str) -> list[tuple[float, dict[str, str]]]:
    return [
        (sample.value, sample.labels)
        for family in instrument.collect()
        for sample in family.samples
        if sample.name.endswith(ending) and sample.labels["model"] == model
    ]
