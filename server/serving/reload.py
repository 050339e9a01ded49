"""Loads another version of the model without downtime: warm it next to the old one, check it, exchange them, drain the old one."""

import asyncio
import logging
import threading
from contextlib import suppress
from time import monotonic

from models.model_errors import ClassifyError
from server.errors import ReloadRefused
from server.serving.golden import check_golden
from server.serving.model_settings import settings_of
from server.serving.registry import RegisteredModel
from server.serving.served_model import ServedModel
from server.serving.service import Phase, Service
from server.serving.service_assembly import open_served_model
from server.types import Runtime

logger = logging.getLogger(__name__)


class Reloader:
    """Exchanges the served version; one exchange at a time, and none during an evaluation of the present model."""

    def __init__(self, service: Service, runtime: Runtime) -> None:
        self._service = service
        self.runtime: Runtime = runtime
        self._tasks: set[asyncio.Task[ServedModel]] = set()

    async def reload(self, name: str | None = None) -> ServedModel:
        """Serve the store's present version of a model. Raises NotFound; raises ReloadRefused, and then the old version stays."""
        service, model = self._service, self._service.models.get(name)
        if service.phase is not Phase.READY:
            raise ReloadRefused(f"The server is {service.phase}.", "Wait for /health/ready.")
        if not model.measuring.acquire(blocking=False):
            raise ReloadRefused(
                "An evaluation measures the present model, or another reload is in progress.", "Wait for its end, or cancel the evaluation."
            )
        try:
            began_s = monotonic()
            try:
                served = await asyncio.to_thread(self._prepare, model)
            except ClassifyError as error:
                logger.error("the model is not reloaded: %s", error)  # noqa: TRY400 - the words say it all
                raise ReloadRefused(f"The new model was refused, and the old one stays. {error.message}", error.remedy) from error
            former = model.exchange(served)
            logger.info("%s version %s is served, after %.1f s", *served.words.values(), monotonic() - began_s)
        finally:
            model.measuring.release()
        threading.Thread(target=model.retire, args=(former, service.settings.drain_s), name="engine-retirement").start()
        return served

    def _prepare(self, model: RegisteredModel) -> ServedModel:
        """A new engine that is running and has passed the golden image; raises ClassifyError."""
        service = self._service
        served = open_served_model(settings_of(service.settings, model.name), self.runtime, service.metrics, shares=service.shares)
        served.engine.on_batch = model.metrics.batch
        try:
            served.engine.start()
            check_golden(served)
        except BaseException:
            served.engine.close(0)
            raise
        return served

    def request(self) -> None:
        """Reload in the background, on the running event loop; the log reports the result."""
        task = asyncio.get_running_loop().create_task(self.reload())
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[ServedModel]) -> None:
        self._tasks.discard(task)
        with suppress(asyncio.CancelledError):
            if isinstance(error := task.exception(), ReloadRefused):
                logger.warning("%s", error)
            elif error:
                logger.error("the reload failed", exc_info=error)
