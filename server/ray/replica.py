"""A replica without Ray: the service, its engines, the application and the gRPC methods, as `serve` has them, but no listener."""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.model_errors import ClassifyError
from server.api.api_keys import ApiKeys
from server.app import create_app
from server.cli.flags import load_settings
from server.errors import EngineUnavailable, Forbidden
from server.evaluation.jobs.evaluations import Evaluations
from server.grpc.grpc_calls import Calls
from server.grpc.inference_service import InferenceService
from server.ray.serve_grpc import ServeCalls
from server.serving.reload import Reloader
from server.serving.service_assembly import choose_runtime, open_service
from server.settings import Settings
from server.telemetry.logs import configure_logs
from server.telemetry.span_export import open_traces

MOST_STREAMS = 8


def replica_settings(given: dict[str, Any], chips: tuple[str, ...], cpus: float) -> Settings:
    """The settings of one replica: those of the file, then the node's environment; its chips; on a CPU its share of the cores.

    Raises SettingInvalid.
    """
    nowhere = Path(tempfile.gettempdir()) / f"no-evaluations-{os.getpid()}"  # a folder of the node may be of another server
    settings = load_settings(**given | {"evaluation_dir": nowhere, "evaluation_roots": "", "grpc_port": 0})
    return on_share(settings, chips, cpus)


def on_share(settings: Settings, chips: tuple[str, ...], cpus: float) -> Settings:
    """The settings for the chips that Ray gave; on a CPU for a share of the cores."""
    changes: dict[str, Any] = {"devices": ",".join(chips)} if chips else {}
    if choose_runtime(settings) == "cpu":  # others have the other cores
        changes["streams_per_device"] = settings.streams_per_device or min(MOST_STREAMS, int(cpus) + 1)
        changes["latency_mode"] = "off" if settings.latency_mode == "auto" else settings.latency_mode
    return settings.model_copy(update=changes)


async def refuse_one_of_many(_request: Request) -> None:
    """The guard of the routes that reach into one machine: the proxy would lead them to any replica. Raises Forbidden."""
    raise Forbidden(
        "Behind Ray Serve this would reach one of several replicas.",
        "Change what is served with `ascend-classify ray up`; measure a set with `ascend-classify evaluate`.",
    )


def with_one_id(app: ASGIApp) -> ASGIApp:
    """The application without its X-Request-Id where the request has the same: Serve gives each request one, and adds it to the answer."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        known = {(name, value) for name, value in scope.get("headers", ()) if name == b"x-request-id"}

        async def send_without(message: Message) -> None:
            if known and message["type"] == "http.response.start":
                message["headers"] = [header for header in message["headers"] if tuple(header) not in known]
            await send(message)

        await app(scope, receive, send_without)

    return answer


class Replica:
    """The parts of one replica. It reports itself healthy as long as its engines are."""

    def __init__(self, settings: Settings) -> None:
        """Begin to load the engines; raises ClassifyError."""
        access_log = configure_logs(settings.log_level, settings.log_format)
        keys, traces = ApiKeys.of(settings), open_traces(settings)
        self._service, runtime = open_service(settings)
        self._service.begin()
        self._reloader = Reloader(self._service, runtime)
        evaluations = Evaluations(self._service, runtime, ())
        app = create_app(self._service, self._reloader, evaluations, keys, access_log, traces, refuse_one_of_many)
        self.app = with_one_id(app)  # the end of its lifespan closes the traces
        calls = Calls(self._service.metrics, keys, refuse_one_of_many, access_log, traces)
        self.grpc = ServeCalls(InferenceService(self._service, self._reloader, calls), settings.max_body_bytes)
        self._wanted: dict[str, str] | None = None
        self._refused: dict[str, str] = {}

    async def ready(self) -> None:
        """Wait until the engines have started; raises ClassifyError if one cannot."""
        await asyncio.to_thread(self._service.loaded.wait)
        if self._service.failure:
            raise self._service.failure

    def check(self) -> None:
        """Raise EngineUnavailable if the engines do not answer."""
        ready, phase, reason = self._service.readiness()
        if not ready:
            raise EngineUnavailable(f"The replica is {phase}. {reason}".strip())

    async def want(self, models: dict[str, str]) -> None:
        """Reload each model whose manifest has another digest than at the last call; the first call tells what has just been loaded.

        A version that is refused does not replace the old one, and `told` names it: were this an error, Serve would end the
        replica, and the next one could not start.
        """
        before, self._wanted = self._wanted, models
        for name in (name for name in models if before is not None and models[name] != before.get(name)):
            self._refused.pop(name, None)
            try:
                await self._reloader.reload(name)
            except ClassifyError as error:
                self._refused[name] = str(error)

    def told(self) -> dict[str, Any]:
        """What this replica serves, for `ray status`."""
        ready, phase, reason = self._service.readiness()
        return {
            "process": os.getpid(),
            "ready": ready,
            "phase": phase,
            "reason": reason,
            "models": {
                model.name: {
                    "version": model.model.manifest.version,
                    "engines": [f"{each.name}:{each.device}" for each in model.engine.statuses() if each.up],
                    "refused": self._refused.get(model.name, ""),
                }
                for model in self._service.models
            },
        }
