"""The instruments of one model, with its name as their first label."""

import threading
from collections import Counter as Counts
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from prometheus_client import Counter, Histogram

from server.errors import Saturated
from server.telemetry.metrics import OTHER_CLASSES, Metrics
from server.types import Prediction

MOST_CLASS_CHARACTERS = 60


class ModelMetrics:
    """Records the events of one model. Labels are looked up once, because a lookup costs more than a count."""

    def __init__(self, metrics: Metrics, model: str) -> None:
        self._metrics = metrics
        self._model = model
        self._images: dict[tuple[str, str], Counter] = {}
        code = Saturated.code  # increase() misses the first value of a counter that appears later
        self._rejected: dict[str, Counter] = {code: metrics.rejected.labels(model, code)}
        self._stages: dict[str, Histogram] = {}
        self._info: tuple[str, str, str] | None = None
        self._engines: list[tuple[str, str]] = []
        self.in_flight = metrics.in_flight.labels(model)
        self.window_capacity = metrics.window_capacity.labels(model)
        self._batch_size = metrics.batch_size.labels(model)
        self._batch_padding = metrics.batch_padding.labels(model)
        self._runs: Counts[int] = Counts()
        self._counting = threading.Lock()  # engines call from threads of their own

    def image(self, engine: str, outcome: str) -> None:
        """Count an image, by engine and outcome."""
        key = engine, outcome
        count = self._images.get(key)
        if count is None:
            count = self._images[key] = self._metrics.images.labels(self._model, *key)
        count.inc()

    def answered(self, prediction: Prediction) -> None:
        """Count an answer by its best class, and the score of that, if that is wanted."""
        most = self._metrics.drift_classes
        if not most or not prediction.scores:
            return
        best, told = prediction.scores[0], self._metrics.told_classes.setdefault(self._model, {})
        if best.class_id not in told and len(told) < most:
            told[best.class_id] = f"{best.class_id}: {best.label}"[:MOST_CLASS_CHARACTERS]
        self._metrics.answers.labels(self._model, told.get(best.class_id, OTHER_CLASSES)).inc()
        if prediction.score_type != "logit":
            self._metrics.best_score.labels(self._model).observe(best.score)

    def shadow(self, name: str, outcome: str, difference: float | None) -> None:
        """Count an image of the shadow with that name, and the largest difference of the scores if they could be compared."""
        self._metrics.shadow_images.labels(self._model, name, outcome).inc()
        if difference is not None:
            self._metrics.shadow_difference.labels(self._model, name).observe(difference)

    def rejected(self, reason: str) -> None:
        """Count an image that no engine got."""
        count = self._rejected.get(reason)
        if count is None:
            count = self._rejected[reason] = self._metrics.rejected.labels(self._model, reason)
        count.inc()

    def stage(self, stage: str, elapsed_s: float) -> None:
        """Record the time of one image in one stage."""
        duration = self._stages.get(stage)
        if duration is None:
            duration = self._stages[stage] = self._metrics.stage_duration_s.labels(self._model, stage)
        duration.observe(elapsed_s)

    def batch(self, images: int, padding: int) -> None:
        """Record one run of the model."""
        self._batch_size.observe(images)
        with self._counting:
            self._runs[images] += 1
        if padding:
            self._batch_padding.inc(padding)

    def runs(self) -> Mapping[int, int]:
        """The runs of the model, by the number of images in each."""
        with self._counting:
            return dict(self._runs)

    def switched(self, before: str, after: str, reason: str) -> None:
        """Record that another engine answers."""
        self._metrics.engine_switches.labels(self._model, before, after, reason).inc()

    @property
    def switches(self) -> int:
        """How often another engine began to answer."""
        [found] = self._metrics.engine_switches.collect()
        return sum(int(sample.value) for sample in found.samples if sample.labels["model"] == self._model)

    def device_images(self, engine: str, device: str) -> Counter:
        """The counter of an engine process's answers."""
        return self._metrics.device_images.labels(self._model, engine, device)

    def restarts(self, engine: str, device: str) -> Counter:
        """The counter of an engine process's restarts."""
        return self._metrics.engine_restarts.labels(self._model, engine, device)

    def replacements(self, engine: str, device: str) -> Counter:
        """The counter of an engine process's replacements."""
        return self._metrics.engine_replacements.labels(self._model, engine, device)

    def serves(self, info: tuple[str, str, str], engines: Iterable[tuple[str, str]], is_up: Callable[[str, str], float]) -> None:
        """Replace the shown version, recipe and precision, and the engines; each engine has a name and a device."""
        if self._info:
            self._metrics.model_info.remove(self._model, *self._info)
        for engine in self._engines:
            self._metrics.engine_up.remove(self._model, *engine)
        self._info, self._engines = info, list(dict.fromkeys(engines))
        self._metrics.model_info.labels(self._model, *info).set(1)
        for name, device in self._engines:
            up = self._metrics.engine_up.labels(self._model, name, device)
            up.set_function(partial(is_up, name, device))

    def leaves(self) -> None:
        """Take away what tells of the present, since the model is not served any more. Its counts stay."""
        if self._info:
            self._metrics.model_info.remove(self._model, *self._info)
        for engine in self._engines:
            self._metrics.engine_up.remove(self._model, *engine)
        self._info, self._engines = None, []
        for gauge in (self._metrics.in_flight, self._metrics.window_capacity):
            gauge.remove(self._model)

    def evaluated(self, dataset: str, outcome: str) -> None:
        """Count an image of an evaluation."""
        self._metrics.evaluation_images.labels(self._model, dataset, outcome).inc()

    def accuracy(self, dataset: str, k: str, value: float) -> None:
        """Show the top-k accuracy of an evaluation that has finished."""
        self._metrics.evaluation_accuracy.labels(self._model, dataset, k).set(value)
