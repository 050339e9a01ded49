"""From settings to a service: which model, which runtime, which engine."""

import os

from models.errors import ModelNotPrepared
from models.store import ZOO, ModelStore, StoredModel, zoo_manifest, zoo_names
from server.engines.base import Engine
from server.engines.fake import FakeEngine
from server.engines.plan import plan_own, plan_rendered
from server.engines.runtime import Runtime, detect_runtime
from server.engines.stream import StreamEngine
from server.errors import EngineUnavailable
from server.metrics import Metrics
from server.service import Service
from server.settings import Settings

HOST_STREAMS_MAX = 8
ASCEND_STREAMS = 2  # one decoding thread barely feeds a 310


def choose_runtime(settings: Settings) -> Runtime:
    """The named runtime, or the one that is there."""
    return detect_runtime() if settings.runtime == "auto" else settings.runtime


def open_model(settings: Settings) -> StoredModel:
    """The model that is served; the fake engine can do without its artifacts."""
    store = ModelStore(settings.model_store)
    try:
        return store.open(settings.model)
    except ModelNotPrepared:
        if settings.engines != "fake" or settings.model not in zoo_names():
            raise
        return StoredModel(zoo_manifest(settings.model), ZOO)


def open_engine(settings: Settings, model: StoredModel, runtime: Runtime, metrics: Metrics) -> Engine:
    """The engine that the settings name, not started; raises EngineUnavailable for one that does not exist."""
    streams = settings.streams_per_device or default_streams(runtime)
    match settings.engines:
        case "stream" if settings.pipeline:
            own = settings.pipeline
            return StreamEngine(lambda: plan_own(own), runtime, settings.window, metrics.batch, sdk_conf=settings.sdk_conf)
        case "stream":
            return StreamEngine(
                lambda: plan_rendered(model, runtime, "Ascend310", streams),
                runtime,
                settings.window,
                metrics.batch,
                sdk_conf=settings.sdk_conf,
            )
        case "fake":
            return FakeEngine(settings.window)
        case other:
            raise EngineUnavailable(f"There is no engine {other!r}.", "ENGINES is one of: stream, fake.")


def default_streams(runtime: Runtime) -> int:
    """On a CPU one stream more than cores keeps them busy while a stream decodes or is spoken to."""
    return ASCEND_STREAMS if runtime == "ascend" else min(len(os.sched_getaffinity(0)) + 1, HOST_STREAMS_MAX)


def open_service(settings: Settings, model: StoredModel | None = None) -> tuple[Service, Runtime]:
    """A service that has not started, of the settings' model or of another; raises ClassifyError."""
    runtime = choose_runtime(settings)
    model, metrics = model or open_model(settings), Metrics()
    return Service(settings, model, open_engine(settings, model, runtime, metrics), metrics), runtime
