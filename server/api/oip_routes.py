"""The Open Inference Protocol v2 over HTTP, without inference: health, metadata, configuration, statistics, labels, repository."""

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from server.api.body import read_body
from server.api.guard import Guard
from server.api.openapi import refusals
from server.api.request_context import context_of
from server.api.unknown_names import malformed_json, unknown_name
from server.errors import BadRequest, BodyTooLarge, Forbidden, NotFound, ReloadRefused
from server.oip.inference import find_model
from server.oip.model_description import (
    CHINESE,
    ModelConfiguration,
    ModelLabels,
    ModelMetadata,
    ServerMetadata,
    model_configuration,
    model_labels,
    model_metadata,
    server_metadata,
)
from server.oip.model_statistics import StatisticsReply, statistics_of
from server.oip.protocol_reply import ProtocolReply
from server.oip.repository import ModelEntry, is_ready, load_model, repository_index
from server.serving.budgets import BodyHold
from server.serving.reload import Reloader
from server.serving.service import Service

MODEL, VERSION = "/v2/models/{model}", "/versions/{version}"
TAG = "inference protocol"
_NOT_READY = 503
_EMPTY = b"{}"


class Live(ProtocolReply):
    """The process answers."""

    live: bool


class Ready(ProtocolReply):
    """Whether the server takes requests."""

    ready: bool


class ModelReady(Ready):
    """Whether a model takes requests."""

    name: str


class ModelNames(ProtocolReply):
    """The served models."""

    models: list[str]


class RepositoryRequest(BaseModel):
    """What an index, a load or an unload may be asked with."""

    model_config = ConfigDict(strict=True)

    ready: bool = False
    parameters: dict[str, Any] = Field(default_factory=dict)


_REPOSITORY_BODY = {"requestBody": {"content": {"application/json": {"schema": RepositoryRequest.model_json_schema()}}}}


def oip_routes(service: Service, reloader: Reloader, allowed: Guard) -> APIRouter:
    """The routes; `allowed` is asked before a load or an unload."""
    router = APIRouter(tags=[TAG])
    _describe_server(router, service)
    _describe_models(router, service)
    _manage_repository(router, service, reloader, allowed)
    return router


def _describe_server(router: APIRouter, service: Service) -> None:
    @router.get("/v2", summary="The server and its extensions of the protocol")
    async def oip_server() -> ServerMetadata:
        return server_metadata()

    @router.get("/v2/health/live", summary="Whether the process answers, in the protocol's words")
    async def oip_live() -> Live:
        return Live(live=True)

    not_ready: dict[int | str, dict[str, Any]] = {_NOT_READY: {"model": Ready, "description": "Not (yet) ready"}}

    @router.get("/v2/health/ready", summary="Whether the server accepts requests, in the protocol's words", responses=not_ready)
    async def oip_ready(response: Response) -> Ready:
        ready = service.readiness()[0]
        response.status_code = 200 if ready else _NOT_READY
        return Ready(ready=ready)

    @router.get("/v2/models", summary="The names of the models")
    async def oip_models() -> ModelNames:
        return ModelNames(models=[model.name for model in service.models])

    @router.get("/v2/models/stats", summary="The statistics of all models")
    async def oip_all_statistics() -> StatisticsReply:
        return statistics_of(list(service.models), service.metrics)


def _describe_models(router: APIRouter, service: Service) -> None:
    models, missing = service.models, refusals(NotFound)

    def route(below: str, summary: str, *, responses: dict[int | str, dict[str, Any]] = missing) -> Callable[[Any], Any]:
        """A decorator for the paths of a model, with and without a version."""

        def add(endpoint: Any) -> Any:  # noqa: ANN401 - FastAPI reads the signature
            options: dict[str, Any] = {"responses": responses, "summary": summary, "response_model_exclude_none": True}
            router.get(f"{MODEL}{below}", **options)(endpoint)
            router.get(f"{MODEL}{VERSION}{below}", name=f"{endpoint.__name__}_version", **options)(endpoint)
            return endpoint

        return add

    @route("", "The inputs and outputs of a model")
    async def oip_model(model: str, version: str = "") -> ModelMetadata:
        return model_metadata(find_model(models, model, version).served)

    @route("/config", "The configuration of a model, in the words of Triton")
    async def oip_config(model: str, version: str = "") -> ModelConfiguration:
        return model_configuration(find_model(models, model, version).served, service.settings.max_batch_items)

    @route("/stats", "The statistics of a model")
    async def oip_statistics(model: str, version: str = "") -> StatisticsReply:
        return statistics_of([find_model(models, model, version)], service.metrics)

    @route("/labels", "The labels of all classes of a model, in Chinese if it has them", responses=refusals(NotFound, BadRequest))
    async def oip_labels(model: str, version: str = "", language: str = "") -> ModelLabels:
        if language not in ("", CHINESE):
            raise unknown_name("The language", language, [CHINESE])
        return model_labels(find_model(models, model, version).served, language)

    not_ready = missing | {_NOT_READY: {"model": ModelReady, "description": "Not (yet) ready"}}

    @route("/ready", "Whether a model accepts requests", responses=not_ready)
    async def oip_model_ready(response: Response, model: str, version: str = "") -> ModelReady:
        ready = is_ready(service, find_model(models, model, version))[0]
        response.status_code = 200 if ready else _NOT_READY
        return ModelReady(name=model, ready=ready)


def _manage_repository(router: APIRouter, service: Service, reloader: Reloader, allowed: Guard) -> None:
    async def asked(request: Request) -> RepositoryRequest:
        """The body; none is as good as an empty object. Raises BadRequest or BodyTooLarge."""
        with BodyHold(service.body_budget, context_of(request.scope).client) as hold:
            body = await read_body(request.scope, request.receive, service.settings.max_body_bytes, hold)
            try:
                return RepositoryRequest.model_validate_json(body or _EMPTY)
            except ValidationError as error:
                raise malformed_json(error, (), 'Send {"parameters": {}}.') from error

    of_body = refusals(BadRequest, BodyTooLarge)

    @router.post("/v2/repository/index", summary="The models and their states", openapi_extra=_REPOSITORY_BODY, responses=of_body)
    async def oip_index(request: Request) -> list[ModelEntry]:
        ready_only = (await asked(request)).ready
        return await asyncio.to_thread(repository_index, service, ready_only=ready_only)

    changes: dict[str, Any] = {
        "dependencies": [Depends(allowed)],
        "openapi_extra": _REPOSITORY_BODY,
        "responses": refusals(BadRequest, BodyTooLarge, Forbidden, NotFound, ReloadRefused),
    }

    @router.post(
        "/v2/repository/models/{model}/load",
        summary="Serve a model of the store, as it is there now",
        **changes,
    )
    async def oip_load(model: str, request: Request) -> dict[str, str | bool]:
        served = await load_model(reloader, model, (await asked(request)).parameters)
        return {"name": model, "version": served.model.manifest.version, "load": True}

    @router.post("/v2/repository/models/{model}/unload", summary="Serve a model no longer", **changes)
    async def oip_unload(model: str, request: Request) -> dict[str, str | bool]:
        await asked(request)
        await reloader.unload(model)
        return {"name": model, "unload": True}
