"""The whole application in this process, ready, and a client of it without a socket."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from server.api.api_keys import NO_KEYS, ApiKeys
from server.app import create_app
from server.cli.flags import load_settings
from server.evaluation.jobs.evaluations import Evaluations
from server.http.hot_routes import HotRoutes
from server.serving.registry import RegisteredModel
from server.serving.reload import Reloader
from server.serving.service import Service
from server.serving.service_assembly import open_service
from tests.level_model import store_level_model

T = TypeVar("T")


def fill_window(model: RegisteredModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every place of a model's window."""
    monkeypatch.setattr(model.admission, "under_way", model.engine.capacity)
    monkeypatch.setattr(model.engine.in_flight, "_capacity", lambda: 0)


@dataclass
class ServedApp:
    """The application and its parts; every request runs on one loop, as on a server."""

    app: HotRoutes
    service: Service
    reloader: Reloader
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[None, None, T]) -> T:
        return self.loop.run_until_complete(work)

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """One request."""

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 4711))
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, path, **request)

        return self.run(asked())


@contextmanager
def served_app(folder: Path, keys: ApiKeys = NO_KEYS, kinds: str = "stream", **settings: Any) -> Iterator[ServedApp]:
    """With the model `level` on these engines, with the settings' models, or with the settings' engine fake."""
    if settings.get("engines") != "fake" and "models" not in settings:
        store_level_model(folder)
        settings |= {"model": "level", "model_store": folder, "streams_per_device": 1, "latency_mode": "off", "engines": kinds}
    service, runtime = open_service(load_settings(evaluation_dir=folder / "evaluations", **settings))
    service.begin()
    service.loaded.wait(30)
    reloader, loop = Reloader(service, runtime), asyncio.new_event_loop()
    try:
        yield ServedApp(create_app(service, reloader, Evaluations(service, runtime, ()), keys), service, reloader, loop)
    finally:
        loop.run_until_complete(service.close())
        loop.close()
