"""Makes the service from the settings: model, runtime, engines."""

import logging

from models.manifest import FittedCalibration
from models.model_errors import ModelError, ModelNotPrepared
from models.rebuild_command import calibrate_command, scores_command
from models.store import ZOO, ModelStore, StoredModel, sha256_of, zoo_manifest, zoo_names
from server.calibration.calibrator import Calibrator, misfit
from server.engines.assembly import EngineAssembly, engine_kinds
from server.engines.runtime import detect_runtime
from server.serving.served_model import ServedModel
from server.serving.service import Service
from server.settings import Settings
from server.telemetry.metrics import Metrics
from server.telemetry.model_metrics import ModelMetrics
from server.types import Runtime

logger = logging.getLogger(__name__)


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
    engines = EngineAssembly(settings, model, runtime, ModelMetrics(metrics, model.manifest.name))
    fitted, precision = model.manifest.calibration, engines.told_precision
    if fitted is None:
        return ServedModel(model, engines.fleet(), precision=precision)
    if reason := _unfit(fitted, settings, model, engines):
        again = f"Run: {scores_command(model.manifest, model.folder)}; then: {calibrate_command(model.manifest, model.folder)}"
        if not _refuses_artifact(settings, model, engines):  # what the engine says of it comes first
            logger.warning("The calibration of %s is not applied: %s. %s", model.manifest.name, reason, again)
        return ServedModel(model, engines.fleet(), uncalibrated=reason, precision=precision)
    calibrator = Calibrator(fitted, model.read_class_names())
    return ServedModel(model, engines.fleet(), calibrator, uncalibrated="", precision=precision)


def _refuses_artifact(settings: Settings, model: StoredModel, engines: EngineAssembly) -> bool:
    """Whether the engine will refuse the artifact, so that a calibration would have to be made again after it."""
    if settings.engines == "fake" or settings.pipeline or not engines.artifact:
        return False
    try:
        model.check_artifact(engines.artifact.soc, engines.precision)
    except ModelError:
        return True
    return False


def _unfit(fitted: FittedCalibration, settings: Settings, model: StoredModel, engines: EngineAssembly) -> str:
    """Why a calibration is not applied; empty if it is."""
    if settings.engines == "fake":
        return "the engine fake has no model"
    if settings.full_scores == "no":
        return "it needs the scores of all classes, and FULL_SCORES=no leaves them out"
    artifact = engines.artifact
    pipeline = sha256_of(settings.pipeline) if settings.pipeline and settings.pipeline.is_file() else ""
    return misfit(fitted, model.manifest, artifact.sha256 if artifact else "", pipeline, engines.told_precision)


def without_fallback(settings: Settings) -> Settings:
    """The settings for a run that ends: a fallback would only cost time to load."""
    return settings.model_copy(update={"engines": engine_kinds(settings)[0]})


def open_service(settings: Settings, model: StoredModel | None = None) -> tuple[Service, Runtime]:
    """A service of the settings' model or of another one, not started; raises ClassifyError."""
    runtime, metrics = choose_runtime(settings), Metrics()
    return Service(settings, [open_served_model(settings, runtime, metrics, model)], metrics), runtime
