"""GET /info: the served models, the engines and the limits."""

from fastapi import APIRouter

from models.manifest import Artifact
from server.api.schemas import (
    ArtifactInfo,
    Budget,
    Budgets,
    CalibrationInfo,
    CanaryInfo,
    EngineInfo,
    InfoReply,
    Limits,
    ModelInfo,
    ShadowInfo,
)
from server.serving.agreement import ShadowAgreement
from server.serving.registry import RegisteredModel
from server.serving.served_model import ServedModel
from server.serving.service import Service
from server.types import Runtime


def info_routes(service: Service, runtime: Runtime) -> APIRouter:
    """The info route."""
    router = APIRouter(tags=["service"])

    @router.get("/info", summary="The served models, the engines and the limits")
    async def info() -> InfoReply:
        models = [model_info(service, model) for model in service.models]
        return InfoReply(
            **dict(models[0]),
            models=models,
            runtime=runtime,
            limits=Limits.model_validate(service.settings, from_attributes=True),
            budgets=Budgets(
                body=Budget.model_validate(service.body_budget, from_attributes=True),
                decode=Budget(held_bytes=service.decode_room.held_bytes, limit_bytes=service.decode_room.most_bytes),
                evaluation_disk=Budget.model_validate(service.disk_budget, from_attributes=True),
            ),
        )

    return router


def model_info(service: Service, model: RegisteredModel) -> ModelInfo:
    """What is told of a served model."""
    agreement = service.shadows.agreement(model)
    admission, companions = model.admission, model.served.companions
    served, manifest = model.served, model.model.manifest
    return ModelInfo(
        model=manifest.name,
        version=manifest.version,
        description=manifest.description,
        classes=manifest.classes,
        recipe_sha256=manifest.recipe.sha256,
        labels_sha256=manifest.labels_sha256,
        artifacts=[artifact_info(artifact) for artifact in manifest.artifacts],
        calibration=_calibration(served),
        engine=model.engine.name,
        engines=[EngineInfo.model_validate(status, from_attributes=True) for status in model.engine.statuses()],
        precision=served.precision,
        pipeline=served.pipeline.name if served.pipeline else None,
        decode=served.decode,
        memory_bytes=served.memory_bytes,
        answers=admission.answers,
        mean_ms=round(admission.answered_s * 1000 / admission.answers, 3) if admission.answers else None,
        canary=CanaryInfo(model=companions.canary, share=companions.canary_share) if companions.canary else None,
        shadow=_shadow(companions.shadow, agreement) if companions.shadow and agreement else None,
    )


def _shadow(name: str, agreement: ShadowAgreement) -> ShadowInfo:
    return ShadowInfo(model=name, agreement=agreement.share, mean_difference=agreement.mean_difference, **agreement.outcomes)


def artifact_info(artifact: Artifact) -> ArtifactInfo:
    """What is told of one compiled form of a model."""
    told = artifact.model_dump(include={"file", "soc", "sha256", "batch_sizes", "declared"})
    return ArtifactInfo(precision=artifact.computes, **told)


def _calibration(served: ServedModel) -> CalibrationInfo | None:
    fitted = served.model.manifest.calibration
    if fitted is None:
        return None
    told = fitted.model_dump(include={"temperature", "evaluation", "images", "ece_before", "ece_after"})
    coverages = sorted(map(float, fitted.thresholds))
    return CalibrationInfo(applied=served.calibrator is not None, reason=served.uncalibrated, coverages=coverages, **told)
