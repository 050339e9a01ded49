"""GET /info: the served model, the engines and the limits."""

from fastapi import APIRouter

from models.manifest import Artifact
from server.api.schemas import ArtifactInfo, Budget, Budgets, CalibrationInfo, EngineInfo, InfoReply, Limits
from server.serving.served_model import ServedModel
from server.serving.service import Service
from server.types import Runtime


def info_routes(service: Service, runtime: Runtime) -> APIRouter:
    """The info route."""
    router = APIRouter(tags=["service"])
    settings = service.settings

    @router.get("/info", summary="The served model, the engines and the limits")
    async def info() -> InfoReply:
        model = service.models.default
        manifest = model.model.manifest
        return InfoReply(
            model=manifest.name,
            version=manifest.version,
            description=manifest.description,
            classes=manifest.classes,
            recipe_sha256=manifest.recipe.sha256,
            labels_sha256=manifest.labels_sha256,
            artifacts=[_artifact(artifact) for artifact in manifest.artifacts],
            calibration=_calibration(model.served),
            engine=model.engine.name,
            engines=[EngineInfo.model_validate(status, from_attributes=True) for status in model.engine.statuses()],
            runtime=runtime,
            precision=model.served.precision,
            pipeline=settings.pipeline.name if settings.pipeline else None,
            decode=settings.decode,
            limits=Limits.model_validate(settings, from_attributes=True),
            budgets=Budgets(
                body=Budget.model_validate(service.body_budget, from_attributes=True),
                evaluation_disk=Budget.model_validate(service.disk_budget, from_attributes=True),
            ),
        )

    return router


def _artifact(artifact: Artifact) -> ArtifactInfo:
    told = artifact.model_dump(include={"file", "soc", "sha256", "batch_sizes", "declared"})
    return ArtifactInfo(precision=artifact.computes, **told)


def _calibration(served: ServedModel) -> CalibrationInfo | None:
    fitted = served.model.manifest.calibration
    if fitted is None:
        return None
    told = fitted.model_dump(include={"temperature", "evaluation", "images", "ece_before", "ece_after"})
    coverages = sorted(map(float, fitted.thresholds))
    return CalibrationInfo(applied=served.calibrator is not None, reason=served.uncalibrated, coverages=coverages, **told)
