"""GET /info: the served model, the engines and the limits."""

from fastapi import APIRouter

from server.api.schemas import ArtifactInfo, Budget, Budgets, EngineInfo, InfoReply, Limits
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
            artifacts=[ArtifactInfo.model_validate(artifact, from_attributes=True) for artifact in manifest.artifacts],
            engine=model.engine.name,
            engines=[EngineInfo.model_validate(status, from_attributes=True) for status in model.engine.statuses()],
            runtime=runtime,
            pipeline=settings.pipeline.name if settings.pipeline else None,
            limits=Limits.model_validate(settings, from_attributes=True),
            budgets=Budgets(
                body=Budget.model_validate(service.body_budget, from_attributes=True),
                evaluation_disk=Budget.model_validate(service.disk_budget, from_attributes=True),
            ),
        )

    return router
