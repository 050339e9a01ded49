"""The service: one model behind one engine, from start to drain."""

import asyncio
import logging
import threading
from collections.abc import Callable
from enum import StrEnum

from models.errors import ClassifyError
from models.store import StoredModel
from server.admission import Admission
from server.body_budget import BodyBudget
from server.engines.base import Engine
from server.metrics import Metrics
from server.settings import Settings

logger = logging.getLogger(__name__)


class Phase(StrEnum):
    """Where the service is in its life."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    FAILED = "failed"


class Service:
    """Holds what the routes need. `on_failure` is called when the engine cannot start."""

    def __init__(self, settings: Settings, model: StoredModel, engine: Engine, metrics: Metrics) -> None:
        self.settings = settings
        self.model = model
        self.engine = engine
        self.metrics = metrics
        self.admission = Admission(engine, metrics, settings.timeout_ms / 1000)
        self.body_budget = BodyBudget(max(settings.body_budget_bytes, settings.max_body_bytes), metrics)
        self.phase = Phase.STARTING
        self.failure: ClassifyError | None = None
        self.on_failure: Callable[[], None] = lambda: None
        self.loaded = threading.Event()
        """Set once the engine has started, or has failed to."""
        self._loader = threading.Thread(target=self._load, name="engine-loader")
        manifest = model.manifest
        metrics.model_info.labels(manifest.name, manifest.version, manifest.recipe.sha256[:12]).set(1)
        metrics.engine_up.labels(engine.name, "0").set_function(lambda: float(self.engine.health().ok))

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
        except ClassifyError as error:
            self.failure, self.phase = error, Phase.FAILED
            logger.error("engine %s cannot start: %s", self.engine.name, error)  # noqa: TRY400 - the words say it all
            self.on_failure()
            return
        if self.phase is Phase.STARTING:
            self.phase = Phase.READY
            logger.info("ready: %s on engine %s", self.model.manifest.name, self.engine.name)

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

    def readiness(self) -> tuple[bool, str, str]:
        """Whether requests are welcome, the phase, and the reason if not."""
        if self.phase is not Phase.READY:
            return False, self.phase, str(self.failure or "")
        health = self.engine.health()
        return health.ok, "ready" if health.ok else "unhealthy", health.reason
