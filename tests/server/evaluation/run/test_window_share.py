from pathlib import Path
from time import monotonic

from models.store import StoredModel, zoo_manifest
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.fleet import Fleet
from server.evaluation.run.window_share import QUIET_S, WindowShare
from server.serving.admission import Admission
from server.serving.served_model import ServedModel
from server.telemetry.metrics import Metrics
from server.telemetry.model_metrics import ModelMetrics


def admission_of(capacity: int) -> Admission:
    served = ServedModel(StoredModel(zoo_manifest("efficientnet_lite0"), Path()), Fleet.of(FakeEngine(), capacity))
    return Admission(served, ModelMetrics(Metrics(), "m"), 1.0)


def test_one_place_while_requests_come() -> None:
    admission = admission_of(64)
    places = WindowShare(admission)
    assert places() == 16
    admission.under_way = 1
    assert places() == 1
    admission.under_way, admission.last_s = 0, monotonic()
    assert places() == 1
    admission.last_s = monotonic() - 2 * QUIET_S
    assert places() == 16
    assert WindowShare(admission_of(2))() == 1
