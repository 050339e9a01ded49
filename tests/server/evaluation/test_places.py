from pathlib import Path
from time import monotonic

from models.store import StoredModel, zoo_manifest
from server.admission import Admission
from server.engines.fake import FakeEngine
from server.evaluation.places import QUIET_S, Places
from server.metrics import Metrics
from server.served import Served


def test_one_place_while_requests_come() -> None:
    admission = Admission(Served(StoredModel(zoo_manifest("efficientnet_lite0"), Path()), FakeEngine()), Metrics(), 1.0)
    places = Places(admission, 64)
    assert places() == 16
    admission.under_way = 1
    assert places() == 1
    admission.under_way, admission.last_s = 0, monotonic()
    assert places() == 1
    admission.last_s = monotonic() - 2 * QUIET_S
    assert places() == 16
    assert Places(admission, 2)() == 1
