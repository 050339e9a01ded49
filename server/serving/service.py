"""The service: one model behind one engine, from start to drain."""

import asyncio
import logging
import threading
from collections.abc import Callable
from enum import StrEnum
from functools import partial

from models.model_errors import ClassifyError
from models.store import StoredModel
from server.engines.base import Engine
from server.engines.fleet.status import statuses
from server.errors import EngineUnavailable
from server.serving.admission import Admission
from server.serving.budgets import BodyBudget
from server.serving.golden import check_golden
from server.serving.served_model import ServedModel
from server.settings import Settings
from server.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)


class Phase(StrEnum):
    """Where the service is in its life."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    FAILED = "failed"


class Service:
    """Holds what the routes need. `on_failure` is called when the engine cannot start."""

    def __init__(self, settings: Settings, served: ServedModel, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.admission = Admission(served, metrics, settings.timeout_ms / 1000)
        self.body_budget = BodyBudget(max(settings.body_budget_bytes, settings.max_body_bytes), metrics)
        self.phase = Phase.STARTING
        self.failure: ClassifyError | None = None
        self.on_failure: Callable[[], None] = lambda: None
        self.loaded = threading.Event()
        """Set once the engine has started, or has failed to."""
        self.measuring = threading.Lock()
        """Held while the model must not be exchanged: by an evaluation, which measures it, and by the exchange itself."""
        self._retiring: set[ServedModel] = set()
        self._loader = threading.Thread(target=self._load, name="engine-loader")
        self._tell(served)

    def _tell(self, served: ServedModel) -> None:
        manifest = served.model.manifest
        self.metrics.model_info.clear()
        self.metrics.model_info.labels(manifest.name, manifest.version, manifest.recipe.sha256[:12]).set(1)
        self.metrics.engine_up.clear()
        for status in statuses(served.engine):
            is_up = partial(self._is_up, status.name, status.device)
            self.metrics.engine_up.labels(status.name, status.device).set_function(is_up)

    @property
    def model(self) -> StoredModel:
        """The model that is served."""
        return self.admission.served.model

    @property
    def engine(self) -> Engine:
        """The engine that answers."""
        return self.admission.served.engine

    def _is_up(self, name: str, device: str) -> float:
        return float(any(status.up for status in statuses(self.engine) if (status.name, status.device) == (name, device)))

    def exchange(self, served: ServedModel) -> ServedModel:
        """Serve another model, whose engine runs, from now on; the former one. On the event loop's thread."""
        former, self.admission.served = self.admission.served, served
        self._retiring.add(former)
        self._tell(served)
        return former

    def retire(self, former: ServedModel) -> None:
        """Answer what the former engine has in flight, and release it."""
        former.engine.close(self.settings.drain_s)
        self._retiring.discard(former)
        logger.info("version %s of %s has drained", former.model.manifest.version, former.model.manifest.name)

    def begin(self) -> None:
        """Load the engine on a thread of its own, while the rest of the server comes up and the health routes answer."""
        if not self._loader.ident:
            self._loader.start()

    def _load(self) -> None:
        try:
            self._start()
        finally:
            self.loaded.set()

    def _start(self) -> None:
        try:
            self.engine.start()
            check_golden(self.admission.served)
        except ClassifyError as error:
            logger.error("engine %s cannot start: %s", self.engine.name, error)  # noqa: TRY400 - the words say it all
            self._fail(error)
            return
        except Exception as error:
            logger.exception("engine %s cannot start", self.engine.name)
            self._fail(EngineUnavailable(f"A fault of the engine {self.engine.name} at its start: {error!r}."))
            return
        if self.phase is Phase.STARTING:
            self.phase = Phase.READY
            logger.info("ready: %s on engine %s", self.model.manifest.name, self.engine.name)

    def _fail(self, error: ClassifyError) -> None:
        self.failure, self.phase = error, Phase.FAILED
        self.on_failure()

    def drain(self) -> None:
        """Go out of readiness; what comes in is still answered until the listener closes."""
        if self.phase is not Phase.FAILED:
            self.phase = Phase.DRAINING

    async def close(self) -> None:
        """Answer what is in flight, then release the engine."""
        await asyncio.to_thread(self._release)

    def _release(self) -> None:
        self._loader.join()
        self.engine.close(self.settings.drain_s)
        for former in tuple(self._retiring):
            former.engine.close(0)

    def readiness(self) -> tuple[bool, str, str]:
        """Whether requests are welcome, the phase, and the reason if not."""
        if self.phase is not Phase.READY:
            return False, self.phase, str(self.failure or "")
        health = self.engine.health()
        return health.ok, "ready" if health.ok else "unhealthy", health.reason
