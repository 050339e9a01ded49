"""A reply names the served model and its version."""

from pathlib import Path

from models.store import StoredModel, zoo_manifest
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.fleet import Fleet
from server.serving.served_model import ServedModel


def test_replies_name_model_and_version() -> None:
    served = ServedModel(StoredModel(zoo_manifest("efficientnet_lite0"), Path()), Fleet.of(FakeEngine()))
    assert served.words == {"model": "efficientnet_lite0", "version": "1"}
