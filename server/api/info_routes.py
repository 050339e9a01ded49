"""GET /info: what is served, by what, within which limits."""

from fastapi import APIRouter
from pydantic import BaseModel

from server.engines.runtime import Runtime
from server.serving.service import Service


class ArtifactInfo(BaseModel):
    """One compiled form of the model."""

    file: str
    soc: str
    sha256: str
    batch_sizes: list[int]


class EngineInfo(BaseModel):
    """One engine on one chip. `process` is its process id if it has one of its own, `reason` says why it is not up."""

    name: str
    device: str
    up: bool
    answers: bool
    reason: str
    process: int | None
    restarts: int


class Limits(BaseModel):
    """What a request may hold, and how many may be under way."""

    window: int
    timeout_ms: int
    max_body_bytes: int
    max_image_pixels: int
    max_batch_items: int


class Info(BaseModel):
    """What is served, by what, within which limits."""

    model: str
    version: str
    description: str
    classes: int
    recipe_sha256: str
    labels_sha256: str
    artifacts: list[ArtifactInfo]
    engine: str
    engines: list[EngineInfo]
    runtime: Runtime
    pipeline: str | None
    limits: Limits


def info_routes(service: Service, runtime: Runtime) -> APIRouter:
    """The info route."""
    router = APIRouter(tags=["service"])
    settings = service.settings

    @router.get("/info", summary="What is served, by what, within which limits")
    async def info() -> Info:
        model = service.models.default
        manifest = model.model.manifest
        return Info(
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
            pipeline=str(settings.pipeline) if settings.pipeline else None,
            limits=Limits.model_validate(settings, from_attributes=True),
        )

    return router
