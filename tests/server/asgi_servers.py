"""The application of a fake engine under several ASGI servers, each on a thread of this process."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import hypercorn.asyncio
import hypercorn.config
import uvicorn

from models.store import ZOO, StoredModel, zoo_manifest
from server.api.api_keys import ApiKeys
from server.app import create_app
from server.cli.flags import load_settings
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.fleet import Fleet
from server.evaluation.jobs.evaluations import Evaluations
from server.http.hot_routes import HotRoutes
from server.http.listener import make_server
from server.serving.reload import Reloader
from server.serving.served_model import ServedModel
from server.serving.service import Service
from server.telemetry.metrics import Metrics
from tests.server.process import NO_TLS

LATENCY_S = 0.25
WINDOW = 2
KEY = "key"
KEYS = ApiKeys({"default": KEY})


@dataclass
class Application:
    """The application and its parts."""

    app: HotRoutes
    service: Service
    reloader: Reloader

    @classmethod
    def made(cls, folder: Path) -> "Application":
        """With small limits, an API key, and an engine that takes LATENCY_S for each image."""
        settings = load_settings(
            engines="fake", window=WINDOW, max_body_bytes=300_000, body_budget_bytes=500_000, max_batch_items=4, evaluation_dir=folder
        )
        fleet = Fleet.of(FakeEngine(WINDOW, LATENCY_S), WINDOW)
        service = Service(settings, [ServedModel(StoredModel(zoo_manifest("efficientnet_lite0"), ZOO), fleet)], Metrics())
        reloader = Reloader(service, "cpu")
        return cls(create_app(service, reloader, Evaluations(service, "cpu", ()), KEYS), service, reloader)


Run = Callable[[Application, socket.socket, asyncio.Event], Awaitable[None]]


async def _until(server: uvicorn.Server, listener: socket.socket, over: asyncio.Event) -> None:
    serving = asyncio.create_task(server._serve([listener]))  # `serve` installs handlers of signals, on the main thread only
    await over.wait()
    server.should_exit = True
    await serving


async def ours(made: Application, listener: socket.socket, over: asyncio.Event) -> None:
    """The listener of this project."""
    await _until(make_server(made.app, made.service, made.reloader, KEYS, None), listener, over)


def stock_uvicorn(http: Any) -> Run:
    """Uvicorn as it comes, with one of its two parsers."""

    async def run(made: Application, listener: socket.socket, over: asyncio.Event) -> None:
        await _until(uvicorn.Server(uvicorn.Config(made.app, http=http, ws="none", log_config=None)), listener, over)

    return run


async def stock_hypercorn(made: Application, listener: socket.socket, over: asyncio.Event) -> None:
    """Hypercorn as it comes."""
    config = hypercorn.config.Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.loglevel = "ERROR"
    await hypercorn.asyncio.serve(made.app, config, shutdown_trigger=over.wait)  # type: ignore[arg-type]


SERVERS: dict[str, Run] = {
    "ours": ours,
    "uvicorn": stock_uvicorn("httptools"),
    "uvicorn h11": stock_uvicorn("h11"),
    "hypercorn": stock_hypercorn,
}


@contextmanager
def serving(name: str, folder: Path) -> Iterator[tuple[str, int]]:
    """The address of a server while it runs, ready."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    address: tuple[str, int] = listener.getsockname()
    made = Application.made(folder)
    loop, over = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(SERVERS[name](made, listener, over)))
    thread.start()
    try:
        made.service.loaded.wait(30)
        assert httpx.get(f"http://{address[0]}:{address[1]}/health/ready", timeout=30, verify=NO_TLS).json()["status"] == "ready"
        yield address
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)
        loop.close()
