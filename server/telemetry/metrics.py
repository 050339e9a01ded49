"""All instruments of the server, in base units, with bounded labels, in one object."""

from importlib.metadata import version
from types import MappingProxyType

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
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPEN_METRICS
from prometheus_client.openmetrics.exposition import generate_latest as open_metrics_text

CONTENT_TYPE, OPEN_METRICS_TYPE = CONTENT_TYPE_LATEST, OPEN_METRICS

disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for every series, that nobody asks for

LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
STAGE_S = (0.0001, 0.00025, 0.0005, *LATENCY_S)
"""Upper bounds of the buckets: of a request, and of a stage."""
MAX_REQUEST_LABELS = 1000
"""Sets of endpoint, method and status that are told apart. The routes, methods and statuses of this server make some 300."""
_SCORES = (*(tenth / 10 for tenth in range(1, 10)), 0.95, 0.99)
_DIFFERENCES = (1e-5, 1e-4, 0.001, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
OTHER_CLASSES = "other"
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)

LABELS = MappingProxyType(
    {
        "endpoint": "The route's path, its parameters unfilled, as `/evaluate/{job_id}`; `other` where there is no route. Of gRPC the path "
        "of the method, as `/inference.GRPCInferenceService/ModelInfer`.",
        "method": "`GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE`, `OPTIONS`, or `other`.",
        "code": "The status of the answer; 499 if the client hung up first.",
        "reason": "Of `classify_rejected_total` the code of an error. Of `classify_engine_switches_total` `unavailable`, `failed`, "
        "`stalled` or `recovered`.",
        "shadow": "The name of the model whose answers are compared with those of `model`.",
        "model": "The name of the model. Of `classify_rejected_total` empty for a request that was refused before its model was known.",
        "class": "Id and label of a class; `other` for those beyond DRIFT_CLASSES.",
        "engine": "`stream`, `mxbase` or `fake`.",
        "device": "The number of the chip.",
        "from": "The engine that answered before, or `none`.",
        "to": "The engine that answers now, or `none`.",
        "outcome": "`ok`, or the code of an error. Of `classify_images_total` also `abandoned`: the client hung up. "
        "Of `classify_evaluation_images_total` also `scores_invalid`: scores that are missing or not numbers, or a class twice. "
        "Of `classify_shadow_images_total` `same` or `other` by the best class, `failed`: the shadow had no answer, `dropped`: all "
        "room was taken.",
        "stage": "`queue`, `decode`, `resize`, `crop`, `infer`, `postprocess` or `serialize`, as far as the engine can see them; the "
        "elements of a pipeline of your own add `normalize`, `tee`, `identity` and `fakesink`. The SDK's engine tells no stages: there, "
        "`stream` is the time from an image's send to its result.",
        "dataset": "The name of the root, or `upload`.",
        "k": "`1` to the `top_k` of the evaluation.",
        "version": "The version of the model, or of the software.",
        "recipe": "The first 12 digits of the SHA-256 of the model's recipe.",
        "precision": "`f32`, `bf16` or `int8` on a CPU; on a chip that of the OM, or `as compiled by ATC`; empty for the engine `fake`.",
    }
)
"""What the labels hold; each is bounded. docs/metrics.md is made from this and from the instruments: `make docs-pages`."""


class Metrics:
    """The instruments, named `classify_*`, in their own registry. ModelMetrics writes those of a model."""

    def __init__(self, drift_classes: int = 0) -> None:
        """`drift_classes` of a model are told apart; none: answers are not counted by class."""
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)

        def counter(name: str, documentation: str, *labels: str) -> Counter:
            return Counter(f"classify_{name}", documentation, labels, registry=registry)

        def gauge(name: str, documentation: str, *labels: str) -> Gauge:
            return Gauge(f"classify_{name}", documentation, labels, registry=registry)

        def histogram(name: str, documentation: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"classify_{name}", documentation, labels, buckets=buckets, registry=registry)

        self.http_requests = counter("http_requests_total", "Requests answered.", "endpoint", "method", "code")
        for code in ("200", "500", "503", "504"):  # increase() misses the first value of a counter that appears later
            self.http_requests.labels("/classify", "POST", code)
        took = "Time from the request's headers to the end of its answer."
        self.http_duration_s = histogram("http_request_duration_seconds", took, "endpoint", buckets=LATENCY_S)
        self.rejected = counter("rejected_total", "Images refused before an engine got them.", "model", "reason")
        self.body_bytes = gauge("body_bytes", "Bytes of bodies being read or waiting for their answers, of BODY_BUDGET_BYTES.")
        self.body_limit_bytes = gauge("body_limit_bytes", "Bytes of bodies that may be held at once: BODY_BUDGET_BYTES.")
        self.decode_bytes = gauge("decode_bytes", "Bytes of pictures that are decoded now, by estimate, of DECODE_BUDGET_BYTES.")
        self.decode_limit_bytes = gauge("decode_limit_bytes", "DECODE_BUDGET_BYTES.")
        self.evaluation_disk_bytes = gauge("evaluation_disk_bytes", "Bytes of uploads, unpacked sets and kept evaluations on the disk.")
        self.evaluation_disk_limit_bytes = gauge("evaluation_disk_limit_bytes", "EVALUATION_DISK_BYTES.")
        self.images = counter("images_total", "Images by outcome.", "model", "engine", "outcome")
        self.stage_duration_s = histogram("stage_duration_seconds", "Time of an image in a stage.", "model", "stage", buckets=STAGE_S)
        self.batch_size = histogram("batch_size", "Images in one run of the model, if the engine tells.", "model", buckets=BATCH_SIZES)
        self.batch_padding = counter("batch_padding_total", "Unused places in batches, if the engine tells.", "model")
        self._add_drift(drift_classes)
        self._add_shadows()
        self.in_flight = gauge("in_flight", "Images in progress in an engine.", "model")
        self.window_capacity = gauge("window_capacity", "Most images in flight.", "model")
        self.engine_up = gauge("engine_up", "1 if the engine can answer.", "model", "engine", "device")
        self.engine_switches = counter("engine_switches_total", "Changes of the engine that answers.", "model", "from", "to", "reason")
        self.engine_restarts = counter("engine_restarts_total", "Engine processes that were started again.", "model", "engine", "device")
        self.engine_replacements = counter("engine_replacements_total", "Engine processes that were replaced.", "model", "engine", "device")
        self.device_images = counter(
            "device_images_total", "Images answered by each engine process, including probes.", "model", "engine", "device"
        )
        self.evaluation_images = counter("evaluation_images_total", "Images of evaluations.", "model", "dataset", "outcome")
        self.evaluation_accuracy = gauge(
            "evaluation_accuracy", "Top-k accuracy of the last evaluation, over all listed images.", "model", "dataset", "k"
        )
        self.evaluation_running = gauge("evaluation_running", "1 while an evaluation runs.")
        self.model_info = gauge("model_info", "The models that are served.", "model", "version", "recipe", "precision")
        gauge("build_info", "The software that serves.", "version").labels(version("ascend-classify")).set(1)
        self.label_overflow = counter("label_overflow_total", "Requests counted under other labels, since there are too many label sets.")
        self._requests: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def _add_drift(self, drift_classes: int) -> None:
        self.drift_classes = drift_classes
        self.told_classes: dict[str, dict[int, str]] = {}
        self.best_score = Histogram(
            "classify_best_score",
            "Probability of an answer's best class, before a calibration; with DRIFT_CLASSES.",
            ("model",),
            buckets=_SCORES,
            registry=self.registry,
        )
        told = "Answers by their best class; with DRIFT_CLASSES."
        self.answers = Counter("classify_answers_total", told, ("model", "class"), registry=self.registry)

    def _add_shadows(self) -> None:
        asked = "Images whose answers a shadow was to be compared with."
        self.shadow_images = Counter("classify_shadow_images_total", asked, ("model", "shadow", "outcome"), registry=self.registry)
        self.shadow_difference = Histogram(
            "classify_shadow_score_difference",
            "Largest difference between the scores of a class, by the model and by its shadow.",
            ("model", "shadow"),
            buckets=_DIFFERENCES,
            registry=self.registry,
        )

    def observe_request(self, endpoint: str, method: str, status: int, elapsed_s: float, exemplar: dict[str, str] | None = None) -> None:
        """Count one request and its time. To look a label up costs more than to count, so the method keeps what it found.

        At most MAX_REQUEST_LABELS sets of labels come to be; further requests count as endpoint and method `other`.
        `exemplar` names its trace.
        """
        labels = endpoint, method, status
        found = self._requests.get(labels)
        if found is None:
            if len(self._requests) >= MAX_REQUEST_LABELS:
                self.label_overflow.inc()
                endpoint = method = "other"
            found = self.http_requests.labels(endpoint, method, str(status)), self.http_duration_s.labels(endpoint)
            if len(self._requests) < MAX_REQUEST_LABELS:
                self._requests[labels] = found
        requests, duration = found
        requests.inc()
        duration.observe(elapsed_s, exemplar)

    def render(self) -> bytes:
        """The text for Prometheus."""
        return generate_latest(self.registry)

    def render_open_metrics(self) -> bytes:
        """The same as OpenMetrics, which names traces of requests as exemplars."""
        text: bytes = open_metrics_text(self.registry)  # type: ignore[no-untyped-call]
        return text
