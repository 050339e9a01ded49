"""The application, assembled from its parts. It gets everything as arguments and does not read settings."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Match, Mount, Route
from starlette.types import ASGIApp

from server.api.admin_routes import admin_routes
from server.api.api_keys import NO_KEYS, ApiKeys
from server.api.classify_routes import ClassifyRoutes
from server.api.cross_origins import CrossOrigins
from server.api.evaluation_routes import EvaluationRoutes
from server.api.explain_route import ExplainRoute
from server.api.guard import Guard, safe_only
from server.api.health_routes import health_routes
from server.api.infer_route import InferRoute, infer_document
from server.api.info_routes import info_routes
from server.api.metrics_routes import metrics_routes
from server.api.models_routes import models_routes
from server.api.oip_routes import oip_routes
from server.api.openapi import complete_document
from server.api.pages import ASSETS, page_routes
from server.api.refusal_page import refusal
from server.api.request_context import context_of
from server.api.sign_in import sign_in_routes
from server.api.status_routes import status_routes
from server.api.statuses import status_of
from server.errors import BadRequest, MethodNotAllowed, NotFound, ServiceError
from server.evaluation.jobs.evaluations import Evaluations
from server.http.forwarding_proxies import ForwardingProxies
from server.http.hot_routes import HOT_METHODS, HotRoutes
from server.http.middleware import METHODS, RequestMiddleware
from server.serving.history import History
from server.serving.reload import Reloader
from server.serving.service import Service
from server.telemetry.access_log import AccessLog
from server.telemetry.tracing import ONLY_RECEIVED, Traces

if TYPE_CHECKING:
    from server.grpc.grpc_server import GrpcServer

DESCRIPTION: dict[str, Any] = {
    "title": "ascend-classify",
    "version": version("ascend-classify"),
    "description": "Image classification: send a photo, get the classes.",
    "contact": {"name": "The ascend-classify authors"},
    "license_info": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}


def create_app(
    service: Service,
    reloader: Reloader,
    evaluations: Evaluations,
    keys: ApiKeys = NO_KEYS,
    access_log: AccessLog | None = None,
    traces: Traces = ONLY_RECEIVED,
    guard: Guard | None = None,
) -> HotRoutes:
    """The ASGI application of one service. `guard` is asked before what reaches into the machine; else it is `safe_only`."""
    settings = service.settings
    origins = CrossOrigins(settings.cors_origins)
    guard, history = guard or safe_only(settings, keys, origins), History(service)
    grpc = partial(_grpc_server, service, reloader, keys, guard, access_log, traces)
    app = FastAPIOffline(
        **DESCRIPTION,
        servers=[{"url": settings.root_path}] if settings.root_path else None,
        generate_unique_id_function=lambda route: route.name,
        docs_url=None,  # ours has a policy
        redoc_url=None,
        redirect_slashes=False,
        static_url=ASSETS,
        lifespan=_lifespan(service, evaluations, history, grpc, access_log, traces),
    )
    hot = ClassifyRoutes(service.models, service.body_budget, settings)
    explain = ExplainRoute(service.models, service.body_budget, settings)
    hot_routes: dict[str, ASGIApp] = {"/classify": hot.classify, "/classify/batch": hot.classify_batch, "/explain": explain}
    # First, because routes are tried in order. The hot routes are here for all methods but their own.
    app.router.routes[:0] = [
        *(Route(path, _elsewhere, methods=HOT_METHODS) for path in hot_routes),
        *page_routes(keys),
    ]
    for router in (sign_in_routes(keys), *_routers(service, reloader, evaluations, history, guard)):
        app.include_router(router)
    complete_document(app, has_keys=bool(keys))
    proxies = ForwardingProxies(settings.forwarded_allow_ips)
    middleware = _middleware(app, service, keys, access_log, origins, traces)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_middleware(middleware)
    patterns = {InferRoute.PATTERN: middleware(InferRoute(service.models, service.body_budget, settings))}
    return HotRoutes(app, {path: middleware(route) for path, route in hot_routes.items()}, proxies, settings.root_path, patterns)


def _lifespan(
    service: Service,
    evaluations: Evaluations,
    history: History,
    grpc: Callable[[], "GrpcServer"],
    access_log: AccessLog | None,
    traces: Traces,
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.begin()
        evaluations.begin()
        server = grpc() if service.settings.grpc_port else None
        if server:
            await server.start(service.settings.grpc_port)
        keeping = asyncio.create_task(history.keep())
        yield
        keeping.cancel()
        if server:
            await server.stop()
        await asyncio.to_thread(evaluations.close)
        await service.close()
        await asyncio.to_thread(traces.close)
        if access_log:
            access_log.flush()

    return lifespan


def _grpc_server(
    service: Service, reloader: Reloader, keys: ApiKeys, guard: Guard, access_log: AccessLog | None, traces: Traces
) -> "GrpcServer":
    from server.grpc.grpc_calls import Calls  # which need the extra `grpc`
    from server.grpc.grpc_server import GrpcServer

    return GrpcServer(service, reloader, Calls(service.metrics, keys, guard, access_log, traces))


def _routers(service: Service, reloader: Reloader, evaluations: Evaluations, history: History, allowed: Guard) -> Iterator[APIRouter]:
    """All routes of FastAPI; `allowed` is asked before those that reach into the machine."""
    yield health_routes(service)
    yield metrics_routes(service.metrics)
    yield info_routes(service, reloader.runtime)
    yield models_routes(service, evaluations, allowed)
    yield status_routes(service, history, evaluations, allowed)
    yield admin_routes(service, reloader, allowed)
    yield infer_document()
    yield oip_routes(service, reloader, allowed)
    yield from EvaluationRoutes(evaluations, service).routers(allowed)


def _middleware(
    app: FastAPI, service: Service, keys: ApiKeys, access_log: AccessLog | None, origins: CrossOrigins, traces: Traces
) -> Callable[[ASGIApp], RequestMiddleware]:
    return partial(
        RequestMiddleware,
        endpoints=frozenset(route.path for route in app.routes if isinstance(route, Route | Mount)),
        metrics=service.metrics,
        engine_name=service.models.default_engine_name,
        keys=keys,
        access_log=access_log,
        origins=origins,
        traces=traces,
    )


async def _elsewhere(_request: Request) -> Response:
    raise AssertionError("POST and PUT are answered before this route")


async def _http_error(request: Request, error: Exception) -> Response:
    """Convert Starlette's own errors to the common error body."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    path = request.scope["path"]  # request.url would parse the Host header, which the client chooses
    found: ServiceError
    match error.status_code:
        case 404:
            found = NotFound(f"There is nothing at {path}.", "GET /docs lists the routes.")
        case 405:
            found = MethodNotAllowed(f"{path} does not accept {request.method}.", "GET /docs lists the routes.")
        case _:
            found = BadRequest(str(error.detail))
    response = _refusal(request, found)
    if error.status_code == status_of(MethodNotAllowed):  # Starlette's own error names only the methods of the first route
        allowed = [method for method in sorted(METHODS) if _takes(request, method)] or [(error.headers or {}).get("Allow", "")]
        response.headers["Allow"] = ", ".join(allowed)
    return response


def _takes(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": "GET" if method == "HEAD" else method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    found = "; ".join(f"{' '.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    return _refusal(request, BadRequest(f"The request is wrong: {found}.", "GET /docs shows what each route takes."))


def _refusal(request: Request, error: ServiceError) -> Response:
    return refusal(request.scope, dict(request.scope["headers"]), error, context_of(request.scope).request_id)
