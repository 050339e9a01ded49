"""The served models, by name; each entry holds everything about its model."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from time import monotonic
from typing import NamedTuple

from models.nearest_name import nearest_name
from models.store import StoredModel
from server.engines.fleet.fleet import Fleet
from server.engines.work import InferenceRequest
from server.errors import NotFound
from server.serving.admission import Admission
from server.serving.golden import check_golden
from server.serving.served_model import ServedModel
from server.telemetry.metrics import Metrics
from server.telemetry.model_metrics import ModelMetrics
from server.types import EncodedImage, Prediction

logger = logging.getLogger(__name__)


class Answered(NamedTuple):
    """An image of a request, and what a version's engine has answered to it, on the clock of `time.monotonic()`."""

    served: ServedModel
    metrics: ModelMetrics
    image: EncodedImage
    request_id: str
    prediction: Prediction
    answered_s: float


def ignore_answered(_answered: Answered) -> None:
    """For models without a shadow."""


class RegisteredModel:
    """The model under one name: the present version with its admission, and the former one while it drains."""

    def __init__(self, served: ServedModel, metrics: Metrics, timeout_s: float) -> None:
        self.name = served.model.manifest.name
        self.metrics = ModelMetrics(metrics, self.name)
        self.admission = Admission(served, self.metrics, timeout_s)
        self.measuring = threading.Lock()
        """Held while the version must not change: by an evaluation, which measures it, and by a reload."""
        self.users = 0
        """Requests that have found the model, and are not answered; changed on the event loop's thread only."""
        self.on_answered: Callable[[Answered], None] = ignore_answered
        self.measured_s: Mapping[str, float] = {}
        """The seconds an image by precision on one thread, as far as they were measured of this version."""
        self._unused: asyncio.Event | None = None  # set when nobody uses it any more
        self._retiring: ServedModel | None = None
        self._retirement: threading.Thread | None = None
        self._begin_to_serve(served)

    @property
    def served(self) -> ServedModel:
        """The present version and its engine."""
        return self.admission.served

    @property
    def model(self) -> StoredModel:
        """The served model."""
        return self.served.model

    @property
    def engine(self) -> Fleet:
        """The engine that answers."""
        return self.served.engine

    def _begin_to_serve(self, served: ServedModel) -> None:
        manifest = served.model.manifest
        served.engine.on_batch = self.metrics.batch
        engines = [(status.name, status.device) for status in served.engine.statuses()]
        self.metrics.serves((manifest.version, manifest.recipe.sha256[:12], served.precision), engines, self._is_up)

    def _is_up(self, name: str, device: str) -> float:
        return any(status.up for status in self.engine.statuses() if (status.name, status.device) == (name, device))

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Around a request, from before its body until its answer: an unload waits for it. Use it on the event loop's thread."""
        self.users += 1
        try:
            yield
        finally:
            self.users -= 1
            if self._unused and not self.users:
                self._unused.set()

    async def classify(self, served: ServedModel, request: InferenceRequest, coverage: float | None = None) -> Prediction:
        """The answer to an image of a request, as the client gets it; `served` is the version that the request has found.

        Raises ServiceError. Cancelling this spares the work that has not begun. A shadow is asked for the same image later.
        """
        image, request_id = request.image, request.id
        prediction = await self.admission.classify(image, request_id, request.deadline_s, request.client, request.scores)
        if served.companions.shadow:
            self.on_answered(Answered(served, self.metrics, image, request_id, prediction, monotonic()))
        return served.calibrated(prediction, coverage)

    async def leave(self, drain_s: float) -> None:
        """Finish the requests that have found the model, then release its engines; nobody may find it any more."""
        self._unused = asyncio.Event()
        if self.users:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._unused.wait(), drain_s)
        await asyncio.to_thread(self.close, drain_s)
        self.metrics.leaves()

    def start(self) -> None:
        """Start the engine and check the golden image; raises ClassifyError."""
        self.engine.start()
        check_golden(self.served)

    def exchange(self, served: ServedModel, drain_s: float) -> None:
        """Serve another version, whose engine is running; the former one finishes its images. Call this on the event loop's thread."""
        self._retiring, self.admission.served = self.served, served
        self.admission.answers, self.admission.answered_s, self.measured_s = 0, 0.0, {}
        self._begin_to_serve(served)
        self._retirement = threading.Thread(target=self._retire, args=(self._retiring, drain_s), name="engine-retirement")
        self._retirement.start()

    def _retire(self, former: ServedModel, drain_s: float) -> None:
        former.engine.close(drain_s)
        self._retiring = None
        logger.info("version %s of %s has drained", former.model.manifest.version, self.name)

    async def drained(self) -> None:
        """Wait for the former version: a reload adds its images to those of the window, so that there may be two versions at a time."""
        if self._retirement:
            await asyncio.to_thread(self._retirement.join)

    def close(self, drain_s: float) -> None:
        """Finish the images in flight, then release the engines."""
        self.engine.close(drain_s)
        if former := self._retiring:
            former.engine.close(0)


class Registry:
    """The models by name, in the configured order; the first is the default."""

    def __init__(self, models: Iterable[RegisteredModel]) -> None:
        self._models = {model.name: model for model in models}
        self.default = next(iter(self._models.values()))
        self._on_answered: Callable[[Answered], None] = ignore_answered

    def add(self, model: RegisteredModel) -> None:
        """Serve one more, which is running."""
        model.on_answered = self._on_answered
        self._models = {**self._models, model.name: model}  # a new one: other threads may go through the old one

    def observe(self, on_answered: Callable[[Answered], None]) -> None:
        """Call this after each answer of a model that has a shadow."""
        self._on_answered = on_answered
        for model in self:
            model.on_answered = on_answered

    def remove(self, name: str) -> RegisteredModel:
        """Let nobody find a model any more; raises NotFound."""
        model = self.get(name)
        self._models = {each.name: each for each in self if each is not model}
        return model

    def default_engine_name(self) -> str:
        """The present engine of the default model."""
        return self.default.engine.name

    def __iter__(self) -> Iterator[RegisteredModel]:
        return iter(self._models.values())

    def find(self, name: str | None = None) -> RegisteredModel | None:
        """The model of that name, or the default without a name; None if there is none."""
        return self.default if name is None else self._models.get(name)

    def answering(self, name: str | None, request_id: str) -> RegisteredModel:
        """The model that answers a request: that of the name, or for a share of the ids its canary, if that is up. Raises NotFound."""
        model = self.get(name)
        companions = model.served.companions
        canary = self.find(companions.canary) if companions.canary and companions.canary_takes(request_id) else None
        return canary if canary and canary.engine.health().ok else model

    def beside(self) -> set[str]:
        """The names of the canaries and shadows: the models beside which they are do without them."""
        found = [model.served.companions for model in self]
        return {name for each in found for name in (each.canary, each.shadow) if name} - {self.default.name}

    def get(self, name: str | None = None) -> RegisteredModel:
        """The model of that name, or the default without a name; raises NotFound."""
        found = self.find(name)
        if found is None:
            assert name is not None  # noqa: S101 - the default is always there
            near = nearest_name(name, self._models)
            meant = f"Did you mean {near!r}? " if near else ""
            raise NotFound(f"There is no model {name[:80]!r} here.", f"{meant}Served: {', '.join(self._models)}.")
        return found
