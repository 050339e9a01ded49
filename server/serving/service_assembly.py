"""Makes the service from the settings: model, runtime, engines."""

from models.model_errors import ModelNotPrepared
from models.store import ZOO, ModelStore, StoredModel, zoo_manifest, zoo_names
from server.engines.assembly import EngineAssembly, engine_kinds
from server.engines.runtime import detect_runtime
from server.serving.served_model import ServedModel
from server.serving.service import Service
from server.settings import Settings
from server.telemetry.metrics import Metrics
from server.telemetry.model_metrics import ModelMetrics
from server.types import Runtime


def choose_runtime(settings: Settings) -> Runtime:
    """The configured runtime, or else the detected one."""
    return detect_runtime() if settings.runtime == "auto" else settings.runtime


def open_model(settings: Settings) -> StoredModel:
    """The served model; the fake engine does not need its artifacts."""
    store = ModelStore(settings.model_store)
    try:
        return store.open(settings.model)
    except ModelNotPrepared:
        if settings.engines != "fake" or settings.model not in zoo_names():
            raise
        return StoredModel(zoo_manifest(settings.model), ZOO)


def open_served_model(settings: Settings, runtime: Runtime, metrics: Metrics, model: StoredModel | None = None) -> ServedModel:
    """The settings' model, or another one, with its engine, not started; raises ClassifyError."""
    model = model or open_model(settings)
    return ServedModel(model, EngineAssembly(settings, model, runtime, ModelMetrics(metrics, model.manifest.name)).fleet())


def without_fallback(settings: Settings) -> Settings:
    """The settings for a run that ends: a fallback would only cost time to load."""
    return settings.model_copy(update={"engines": engine_kinds(settings)[0]})


def open_service(settings: Settings, model: StoredModel | None = None) -> tuple[Service, Runtime]:
    """A service of the settings' model or of another one, not started; raises ClassifyError."""
    runtime, metrics = choose_runtime(settings), Metrics()
    return Service(settings, [open_served_model(settings, runtime, metrics, model)], metrics), runtime
