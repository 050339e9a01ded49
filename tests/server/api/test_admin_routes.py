"""POST /admin/models/reload, where it is refused at once."""

import asyncio
from pathlib import Path

import pytest

from models.store import StoredModel, zoo_manifest
from server.cli.flags import load_settings
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.fleet import Fleet
from server.errors import ReloadRefused
from server.serving.reload import Reloader
from server.serving.served_model import ServedModel
from server.serving.service import Phase, Service
from server.telemetry.metrics import Metrics


def test_not_before_the_server_is_ready_nor_while_an_evaluation_measures() -> None:
    served = ServedModel(StoredModel(zoo_manifest("efficientnet_lite0"), Path()), Fleet.of(FakeEngine()))
    service = Service(load_settings(engines="fake"), [served], Metrics())
    reloader = Reloader(service, "cpu")
    with pytest.raises(ReloadRefused, match="starting"):
        asyncio.run(reloader.reload())
    service.phase = Phase.READY
    with service.models.default.measuring, pytest.raises(ReloadRefused, match="An evaluation measures"):
        asyncio.run(reloader.reload())
    assert not service.models.default.measuring.locked()
    assert service.models.default.engine is served.engine
