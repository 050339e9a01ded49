"""Makes the service from the settings: models, runtime, engines."""

import logging
from pathlib import Path
from typing import Any, get_args

from models.artifact_precision import Precision
from models.fitted_calibration import FittedCalibration
from models.model_errors import ModelError, ModelNotPrepared
from models.rebuild_command import calibrate_command, scores_command
from models.store import ZOO, ModelStore, StoredModel, sha256_of, zoo_manifest, zoo_names
from server.calibration.calibrator import Calibrator, misfit
from server.engines.assembly import EngineAssembly, cores, engine_kinds
from server.engines.fleet.model_shares import ModelShares
from server.engines.runtime import detect_runtime
from server.serving.companions import NO_COMPANIONS, check_labels
from server.serving.model_settings import check_sections, companions_of, settings_of
from server.serving.served_model import ServedModel
from server.serving.service import Service
from server.settings import Settings
from server.telemetry.metrics import Metrics
from server.telemetry.model_metrics import ModelMetrics
from server.telemetry.triton_names import TritonNames
from server.types import Runtime

logger = logging.getLogger(__name__)

NO_CALIBRATION = "it has no calibration"


def choose_runtime(settings: Settings) -> Runtime:
    """The configured runtime, or else the detected one."""
    return detect_runtime() if settings.runtime == "auto" else settings.runtime


def open_model(settings: Settings) -> StoredModel:
    """The settings' model; the fake engine does not need its artifacts."""
    store = ModelStore(settings.model_store)
    try:
        return store.open(settings.model)
    except ModelNotPrepared:
        if settings.engines != "fake" or settings.model not in zoo_names():
            raise
        return StoredModel(zoo_manifest(settings.model), ZOO)


def open_served_model(
    settings: Settings, runtime: Runtime, metrics: Metrics, model: StoredModel | None = None, shares: ModelShares | None = None
) -> ServedModel:
    """The settings' model, or another one, with its engine, not started; raises ClassifyError."""
    companions = NO_COMPANIONS if model else companions_of(settings, settings.model)
    model = model or open_model(settings)
    name = model.manifest.name
    engines = EngineAssembly(settings, model, runtime, ModelMetrics(metrics, name), (shares or ModelShares(settings.window)).of(name))
    fitted = model.manifest.calibration
    facts: dict[str, Any] = {
        "precision": engines.told_precision,
        "decode": settings.decode,
        "pipeline": settings.pipeline,
        "memory_bytes": engines.memory_bytes,
        "companions": companions,
    }
    reason, setting = _unfit(fitted, settings, model, engines) if fitted else (NO_CALIBRATION, "")
    if fitted and not reason:
        return ServedModel(model, engines.fleet(), Calibrator(fitted, model.read_class_names()), uncalibrated="", **facts)
    evaluate, calibrate = _calibration_commands(settings, model, engines, model.folder)
    if fitted and not _refuses_artifact(settings, model, engines):  # what the engine says of it comes first
        again = setting or f"Run: {evaluate}; then: {calibrate}"
        logger.warning("The calibration of %s is not applied: %s. %s", name, reason, again)
    evaluate, calibrate = _calibration_commands(settings, model, engines, None)  # a reply names no folder of the server
    remedy = setting or f"Run: {evaluate}; with the id that it prints: {calibrate}; then reload the model."
    return ServedModel(model, engines.fleet(), uncalibrated=reason, to_calibrate=remedy, **facts)


def _calibration_commands(settings: Settings, model: StoredModel, engines: EngineAssembly, folder: Path | None) -> tuple[str, str]:
    """The evaluation of what is served, and the calibration on it."""
    precision, manifest = engines.told_precision, model.manifest
    options = ["--precision", precision] if precision in get_args(Precision) and precision != manifest.precision else []
    options += ["--decode", "reduced"] if settings.decode == "reduced" else []
    return scores_command(manifest, folder, *options), calibrate_command(manifest, folder)


def _refuses_artifact(settings: Settings, model: StoredModel, engines: EngineAssembly) -> bool:
    """Whether the engine will refuse the artifact, so that a calibration would have to be made again after it."""
    if settings.engines == "fake" or settings.pipeline or not engines.artifact:
        return False
    try:
        model.check_artifact(engines.artifact.soc, engines.precision)
    except ModelError:
        return True
    return False


def _unfit(fitted: FittedCalibration, settings: Settings, model: StoredModel, engines: EngineAssembly) -> tuple[str, str]:
    """Why a calibration is not applied, and the setting that is to blame, in words; empty if it is applied."""
    if settings.engines == "fake":
        return "the engine fake has no model", "Serve with another engine: ENGINES=auto."
    if settings.full_scores == "no":
        return "it needs the scores of all classes, and FULL_SCORES=no leaves them out", "Set FULL_SCORES=auto."
    artifact = engines.artifact
    pipeline = sha256_of(settings.pipeline) if settings.pipeline and settings.pipeline.is_file() else ""
    sha256 = artifact.sha256 if artifact else ""
    return misfit(fitted, model.manifest, sha256, pipeline, engines.told_precision, settings.decode), ""


def without_fallback(settings: Settings) -> Settings:
    """The settings of the default model for a run that ends: other models and a fallback would only cost time to load."""
    own = settings_of(settings.model_copy(update={"models": ""}), settings.model)
    return own.model_copy(update={"models_file": None, "engines": engine_kinds(own)[0]})


def open_service(settings: Settings, model: StoredModel | None = None) -> tuple[Service, Runtime]:
    """A service of the settings' models or of another one, not started; raises ClassifyError."""
    runtime, metrics = choose_runtime(settings), Metrics(settings.drift_classes)
    if settings.metrics_aliases == "triton":
        metrics.registry.register(TritonNames(metrics))
    shares = ModelShares(settings.window, cores() if runtime == "cpu" else 0)
    if model:
        served = [open_served_model(settings, runtime, metrics, model, shares)]
    else:
        check_sections(settings)
        served = [open_served_model(settings_of(settings, name), runtime, metrics, None, shares) for name in settings.model_names]
        check_labels((each.model, each.companions) for each in served)
    return Service(settings, served, metrics, shares), runtime
