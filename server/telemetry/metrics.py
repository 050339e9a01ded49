"""Every instrument of the server, in base units, with bounded labels; one object, injected."""

from importlib.metadata import version

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from server.telemetry.durations import Durations

CONTENT_TYPE = CONTENT_TYPE_LATEST

disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for every series, that nobody asks for

_LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_STAGE_S = (0.0001, 0.00025, 0.0005, *_LATENCY_S)
_BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The instruments, named `classify_*`, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.http_requests = Counter(
            "classify_http_requests_total", "Requests answered.", ("endpoint", "method", "code"), registry=registry
        )
        for code in ("200", "500", "503", "504"):  # a counter that first appears at 1 has no increase()
            self.http_requests.labels("/classify", "POST", code)
        self.http_duration_s = Durations(
            "classify_http_request_duration_seconds", "Time from the request's headers to the end of its answer.", "endpoint", _LATENCY_S
        )
        registry.register(self.http_duration_s)
        self.images = Counter("classify_images_total", "Images by what became of them.", ("engine", "outcome"), registry=registry)
        self.rejected = Counter("classify_rejected_total", "Images refused before an engine saw them.", ("reason",), registry=registry)
        self.stage_duration_s = Durations("classify_stage_duration_seconds", "Time of one image in one stage.", "stage", _STAGE_S)
        registry.register(self.stage_duration_s)
        self.batch_size = Histogram("classify_batch_size", "Images in one run of the model.", buckets=_BATCH_SIZES, registry=registry)
        self.batch_padding = Counter("classify_batch_padding_total", "Unused places in batches that were run.", registry=registry)
        self.in_flight = Gauge("classify_in_flight", "Images an engine is working on.", registry=registry)
        self.body_bytes = Gauge("classify_body_bytes", "Bytes of bodies being read or waiting for their answers.", registry=registry)
        self.window_capacity = Gauge("classify_window_capacity", "Images that may be in flight.", registry=registry)
        self.engine_up = Gauge("classify_engine_up", "1 if the engine can answer.", ("engine", "device"), registry=registry)
        self.engine_switches = Counter(
            "classify_engine_switches_total", "Changes of the engine that answers.", ("from", "to", "reason"), registry=registry
        )
        self.engine_restarts = Counter(
            "classify_engine_restarts_total", "Engine processes started again.", ("engine", "device"), registry=registry
        )
        self.device_images = Counter(
            "classify_device_images_total", "Images that each engine process answered, probes too.", ("engine", "device"), registry=registry
        )
        self.evaluation_images = Counter(
            "classify_evaluation_images_total", "Images of evaluations.", ("dataset", "outcome"), registry=registry
        )
        self.evaluation_accuracy = Gauge(
            "classify_evaluation_accuracy",
            "Top-k accuracy of the last evaluation, of all listed.",
            ("dataset", "k"),
            registry=registry,
        )
        self.evaluation_running = Gauge("classify_evaluation_running", "1 while an evaluation runs.", registry=registry)
        self.model_info = Gauge("classify_model_info", "The model that is served.", ("model", "version", "recipe"), registry=registry)
        self.build_info = Gauge("classify_build_info", "The software that serves.", ("version",), registry=registry)
        self.build_info.labels(version("ascend-classify")).set(1)

    def batch(self, images: int, padding: int) -> None:
        """Record one run of the model."""
        self.batch_size.observe(images)
        if padding:
            self.batch_padding.inc(padding)

    def switched(self, before: str, after: str, reason: str) -> None:
        """Record that another engine answers."""
        self.engine_switches.labels(before, after, reason).inc()

    def render(self) -> bytes:
        """The text Prometheus scrapes."""
        return generate_latest(self.registry)
