"""The compiled engine in its child, with what the SDK does around it (tests/ascend_double/sdk)."""

import logging
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.store import StoredModel
from pipelines.classifier_config import ClassifierLimits
from server.engines.fleet.fleet import Fleet
from server.engines.plan import plan_classifier
from server.engines.probe import probe_request
from server.engines.process.engine_process import EngineProcess
from server.engines.process.program import EngineProgram
from server.engines.work import InferenceRequest
from server.errors import EngineUnavailable
from server.images.inspection import inspect_image
from tests.ascend_double.double import store_om_model
from tests.level_model import level_image

SDK = Path(__file__).parents[2] / "ascend_double/sdk"
pytestmark = pytest.mark.skipif(find_spec("mxclassify") is None, reason="make mxbase builds it")


def arguments(model: StoredModel) -> dict[str, object]:
    plan = plan_classifier(model, "ascend", "Ascend310", ClassifierLimits(decoders=2, lanes=1, capacity=32))
    return {"config": plan.config, "labels": plan.labels, "runtime": plan.runtime, "places": 8}


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> EngineProcess:
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("PYTHONPATH", str(SDK))
    monkeypatch.setenv("HOME", str(tmp_path))
    model = store_om_model(tmp_path / "store")
    return EngineProcess("mxbase", EngineProgram("server.engines.mxbase_engine:open_in_child", partial(arguments, model)))


def test_it_logs_no_line_an_inference(engine: EngineProcess, caplog: pytest.LogCaptureFixture) -> None:
    fleet = Fleet.of(engine, 64)
    fleet.start()
    webp = cv2.imencode(".webp", np.full((48, 48, 3), 80, np.uint8), (cv2.IMWRITE_WEBP_QUALITY, 101))[1].tobytes()
    images = [*map(level_image, range(10)), inspect_image(webp, 10_000)]
    asked = [fleet.submit(InferenceRequest(image, "", probe_request(20).deadline_s)) for image in images]
    assert [future.result(20).scores[0].class_id for future in asked] == [*range(10), 20]
    fleet.close(5)
    assert [line for record in caplog.records if "Set dynamicBatchSize" in (line := record.getMessage())] == []


def test_devices_that_do_not_come_up_are_told_with_the_sdks_errors(engine: EngineProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASCEND_DOUBLE_INIT", "1")
    with pytest.raises(EngineUnavailable) as refused:
        engine.start()
    assert "cannot be initialised (code 1013). Its last errors: E1128" in str(refused.value)
    assert "aclInit failed. (Code = 507899) See the SDK's log in" in str(refused.value)
    assert str(refused.value).endswith("/log/mindxsdk/logs, and run: ascend-classify doctor")
