"""The service: models with their engines, from start to drain."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

from models.model_errors import ClassifyError
from server.engines.assembly import decode_room
from server.engines.fleet.model_shares import ModelShares
from server.errors import EngineUnavailable
from server.serving.budgets import BodyBudget
from server.serving.disk_budget import DiskBudget
from server.serving.registry import RegisteredModel, Registry
from server.serving.served_model import ServedModel
from server.serving.shadows import Shadows
from server.settings import Settings
from server.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)


class Phase(StrEnum):
    """The phase of the service."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    FAILED = "failed"


class Service:
    """Holds the objects for the routes. `on_failure` is called if an engine cannot start, `on_ready` once when all have started."""

    def __init__(self, settings: Settings, served: Iterable[ServedModel], metrics: Metrics, shares: ModelShares | None = None) -> None:
        self.settings = settings
        self.metrics = metrics
        self.shares = shares or ModelShares(settings.window)
        self.models = Registry(RegisteredModel(each, metrics, settings.timeout_ms / 1000) for each in served)
        self.shadows = Shadows(self.models)
        self.body_budget = BodyBudget(max(settings.body_budget_bytes, settings.max_body_bytes), metrics, settings.max_body_bytes)
        self.decode_room = decode_room(settings.decode_budget_bytes)
        metrics.decode_bytes.set_function(lambda: float(self.decode_room.held_bytes))
        metrics.decode_limit_bytes.set(self.decode_room.most_bytes)
        self.disk_budget = DiskBudget(settings.evaluation_dir, settings.evaluation_disk_bytes, metrics)
        self.phase = Phase.STARTING
        self.failure: ClassifyError | None = None
        self.on_failure: Callable[[], None] = lambda: None
        self.on_ready: Callable[[], None] = lambda: None
        self.on_drain: Callable[[], None] = self.drain
        """Begins the end of the server. Our listener closes then; another ASGI server ends as it is asked to."""
        self.loaded = threading.Event()
        """Set when the engines have started, or one has failed to start."""
        self._loader = threading.Thread(target=self._load, name="engine-loader", daemon=True)

    def begin(self) -> None:
        """Load the engines on another thread, while the rest of the server starts and the health routes answer."""
        if not self._loader.ident:
            self._loader.start()

    def _load(self) -> None:
        try:
            if all(self.phase is Phase.STARTING and self._start(model) for model in self.models) and self.phase is Phase.STARTING:
                self.phase = Phase.READY
        finally:
            self.loaded.set()
        if self.phase is Phase.READY:
            self.on_ready()

    def _start(self, model: RegisteredModel) -> bool:
        name = model.engine.name
        try:
            model.start()
        except ClassifyError as error:
            logger.error("engine %s cannot start: %s", name, error)  # noqa: TRY400 - the words say it all
            self._fail(error)
        except Exception as error:
            logger.exception("engine %s cannot start", name)
            self._fail(EngineUnavailable(f"A fault of the engine {name} at its start: {error!r}."))
        else:
            logger.info("ready: %s on engine %s", model.name, model.engine.name)
            return True
        return False

    def _fail(self, error: ClassifyError) -> None:
        self.failure, self.phase = error, Phase.FAILED
        self.on_failure()

    def drain(self) -> None:
        """Report not ready; requests are still answered until the listener closes."""
        if self.phase is not Phase.FAILED:
            self.phase = Phase.DRAINING

    async def close(self) -> None:
        """Finish the images in flight, then release the engines. Engines that still start `drain_s` later are left to the process's end."""
        await self.shadows.close()
        await asyncio.to_thread(self._release)

    def _release(self) -> None:
        self._loader.join(self.settings.drain_s)
        if self._loader.is_alive():  # an engine may not be closed while it starts
            logger.error("The engines still start %g s after the server's end began. They end with the process.", self.settings.drain_s)
            return
        models = list(self.models)
        with ThreadPoolExecutor(max(1, len(models)), "release") as threads:  # at once: each may take `drain_s`
            list(threads.map(lambda model: model.close(self.settings.drain_s), models))

    def readiness(self) -> tuple[bool, str, str]:
        """Whether the service accepts requests, the phase, and the reason if not."""
        if self.phase is not Phase.READY:
            return False, self.phase, str(self.failure or "")
        beside = self.models.beside()
        for model in self.models:
            if model.name in beside:
                continue
            health = model.engine.health()
            if not health.ok:
                return False, "unhealthy", health.reason
        return True, "ready", ""
