"""The application as a whole: the page and its policy, and a fault that is caught."""

import httpx
import pytest
from starlette.routing import Route

from models.store import StoredModel, zoo_manifest
from server.app import create_app
from server.cli.flags import load_settings
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.fleet import Fleet
from server.evaluation.jobs.evaluations import Evaluations
from server.serving.reload import Reloader
from server.serving.served_model import ServedModel
from server.serving.service import Service
from server.telemetry.metrics import Metrics
from tests.server.process import ServerProcess


def test_the_page_forbids_everything_foreign(fake_server: ServerProcess) -> None:
    response = fake_server.client.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
    assert fake_server.client.get("/web/classify.js").headers["content-type"].startswith("text/javascript")
    assert fake_server.client.get("/web/../settings.py").status_code == 404
    assert fake_server.client.get("/web/%2e%2e/settings.py").status_code == 404


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_fault_is_told_by_its_id_and_nothing_else(anyio_backend: str) -> None:
    async def broken(_request: object) -> None:
        raise RuntimeError("a secret detail")

    manifest = zoo_manifest("efficientnet_lite0")
    service = Service(load_settings(), [ServedModel(StoredModel(manifest, load_settings().model_store), Fleet.of(FakeEngine()))], Metrics())
    app = create_app(service, Reloader(service, "cpu"), Evaluations(service, "cpu", ()))
    app.app.router.routes.insert(0, Route("/broken", broken))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://test") as client:
        response = await client.get("/broken")
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert response.json()["request_id"] in response.json()["error"]
    assert "secret" not in response.text
    assert anyio_backend == "asyncio"
