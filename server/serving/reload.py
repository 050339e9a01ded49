"""Loads and unloads models without downtime, and other versions: warm one next to the old, check it, exchange them, drain the old one."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

from models.model_errors import ClassifyError, ModelNotFound, ModelNotPrepared
from models.nearest_name import nearest_name
from models.store import ModelStore
from server.errors import NotFound, ReloadRefused
from server.serving.companions import check_labels
from server.serving.golden import check_golden
from server.serving.model_settings import check_sections, settings_of
from server.serving.registry import RegisteredModel
from server.serving.served_model import ServedModel
from server.serving.service import Phase, Service
from server.serving.service_assembly import open_served_model
from server.types import Runtime

logger = logging.getLogger(__name__)
_Changed = TypeVar("_Changed")


class Reloader:
    """Changes what is served; one change of a model at a time, and none during an evaluation of it."""

    def __init__(self, service: Service, runtime: Runtime) -> None:
        self._service = service
        self.runtime: Runtime = runtime
        self._tasks: set[asyncio.Task[Any]] = set()
        self._changing = asyncio.Lock()  # which models there are

    async def reload(self, name: str | None = None) -> ServedModel:
        """Serve the store's present version of a model. Raises NotFound; raises ReloadRefused, and then the old version stays."""
        return await asyncio.shield(self._begin(self._reload(name)))

    async def load(self, name: str) -> ServedModel:
        """Serve one more model of the store; one that is served is reloaded. Raises NotFound, ReloadRefused."""
        return await asyncio.shield(self._begin(self._load(name)))

    async def unload(self, name: str) -> None:
        """Serve a model no longer, after the requests that have found it. Raises NotFound, ReloadRefused."""
        await asyncio.shield(self._begin(self._unload(name)))

    @property
    def is_changing(self) -> bool:
        """Whether a change is under way."""
        return bool(self._tasks)

    def _begin(self, change: Coroutine[None, None, _Changed]) -> asyncio.Task[_Changed]:
        """A change goes on to its end, whether its client waits for it or not: engines that are begun would belong to nobody."""
        task = asyncio.get_running_loop().create_task(change)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _reload(self, name: str | None) -> ServedModel:
        model = self._service.models.get(name)
        self._take(model)
        try:
            await model.drained()
            self._check_phase()
            began_s = monotonic()
            try:
                served = await asyncio.to_thread(self._prepare, model.name)
            except ClassifyError as error:
                logger.error("the model is not reloaded: %s", error)  # noqa: TRY400 - the words say it all
                raise ReloadRefused(f"The new model was refused, and the old one stays. {error.message}", error.remedy) from error
            model.exchange(served, self._service.settings.drain_s)
            logger.info("%s version %s is served, after %.1f s", *served.words.values(), monotonic() - began_s)
        finally:
            model.measuring.release()
        return served

    async def _load(self, name: str) -> ServedModel:
        service = self._service
        async with self._changing:
            if service.models.find(name):
                return await self._reload(name)
            self._check(name)
            self._check_phase()
            began_s = monotonic()
            try:
                served = await asyncio.to_thread(self._prepare, name)
            except (ModelNotFound, ModelNotPrepared) as error:
                raise self._unknown(name, error) from error
            except ClassifyError as error:
                raise ReloadRefused(f"The model {name} was refused. {error.message}", error.remedy) from error
            if service.phase is not Phase.READY:  # the server ends
                await asyncio.to_thread(served.engine.close, 0)
                self._check_phase()
            service.models.add(RegisteredModel(served, service.metrics, service.settings.timeout_ms / 1000))
        logger.info("%s version %s is served, after %.1f s", *served.words.values(), monotonic() - began_s)
        return served

    async def _unload(self, name: str) -> None:
        service = self._service
        async with self._changing:
            model = service.models.get(name)
            self._check(name)
            if model is service.models.default:
                raise ReloadRefused(
                    f"{name} is the default model, which answers where a request names none.",
                    "Start the server with another first of MODELS.",
                )
            self._take(model)
            service.models.remove(name)
            try:
                await model.leave(service.settings.drain_s)
            finally:
                model.measuring.release()
        logger.info("%s is unloaded", name)

    def _check(self, name: str) -> None:
        if self._service.settings.model_control == "none":
            raise ReloadRefused(
                f"MODEL_CONTROL=none: {name} can be neither loaded nor unloaded.", "Start the server with MODEL_CONTROL=explicit."
            )

    def _check_phase(self) -> None:
        if self._service.phase is not Phase.READY:
            raise ReloadRefused(f"The server is {self._service.phase}.", "Wait for /health/ready.")

    def _take(self, model: RegisteredModel) -> None:
        """Let nothing else change or measure it."""
        self._check_phase()
        if not model.measuring.acquire(blocking=False):
            raise ReloadRefused(
                "An evaluation measures the present model, or another reload is in progress.", "Wait for its end, or cancel the evaluation."
            )

    def _unknown(self, name: str, error: ClassifyError) -> ClassifyError:
        names = ModelStore(self._service.settings.model_store).names()
        near = nearest_name(name, names)
        if isinstance(error, ModelNotPrepared) and name in names:
            return ReloadRefused(f"The model {name} was refused. {error.message}", error.remedy)
        return NotFound(
            f"There is no model {name[:80]!r} in the store.", f"Did you mean {near!r}?" if near else f"There are: {', '.join(names)}."
        )

    def _prepare(self, name: str) -> ServedModel:
        """New engines that are running and have passed the golden image; raises ClassifyError."""
        service = self._service
        known = service.models.find(name)
        check_sections(service.settings)  # the file may have changed
        served = open_served_model(settings_of(service.settings, name), self.runtime, service.metrics, shares=service.shares)
        others = (model.served for model in service.models if model is not known)
        check_labels((each.model, each.companions) for each in (*others, served))
        if known:
            served.engine.on_batch = known.metrics.batch
        self._check_memory(served, known.served.memory_bytes if known else 0)
        try:
            served.engine.start()
            check_golden(served)
        except BaseException:
            served.engine.close(0)
            raise
        return served

    def _check_memory(self, served: ServedModel, former_bytes: int) -> None:
        """Raise ReloadRefused for a model that needs more than is left; `former_bytes` are those of the version that it replaces."""
        limit_bytes = self._service.settings.model_memory_bytes
        held_bytes = sum(model.served.memory_bytes for model in self._service.models) - former_bytes
        if served.memory_bytes > max(former_bytes, limit_bytes - held_bytes):
            raise ReloadRefused(
                f"It needs some {served.memory_bytes} bytes of memory, and {held_bytes} of {limit_bytes} are taken by other models.",
                "Unload a model, or raise MODEL_MEMORY_BYTES.",
            )

    def request(self) -> None:
        """Reload the default model in the background, on the running event loop; the log reports the result."""
        self._begin(self._reload(None)).add_done_callback(_tell)


def _tell(task: asyncio.Task[ServedModel]) -> None:
    with suppress(asyncio.CancelledError):
        if isinstance(error := task.exception(), ReloadRefused):
            logger.warning("%s", error)
        elif error:
            logger.error("the reload failed", exc_info=error)
