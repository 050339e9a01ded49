"""The driver with a module of the vendor's name, under Python 3.7 if one is here. Its rules are kept in test_contract.py (strict)."""

import logging
import re
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from server.engines.fleet.fleet import Fleet
from server.engines.plan import FullScores, StreamPlan, plan_rendered
from server.engines.probe import probe_request
from server.engines.process.engine_process import EngineProcess
from server.engines.process.program import StreamProgram
from server.engines.process.scores_lanes import ScoresStream
from server.errors import EngineUnavailable
from server.types import ClassScore
from tests.ascend_double.double import AscendDouble, store_om_model

PYTHONS = [Path(sys.executable), *sorted(Path.home().glob(".pyenv/versions/3.7.*/bin/python"))]


def vendor_process(monkeypatch: pytest.MonkeyPatch, python: Path, pipeline: bytes = b"{}") -> EngineProcess:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1] / "vendor"))
    full = FullScores((ScoresStream("scores0", "appsink0", "mxpi_tensorinfer0"),), 8, tuple("abcdefgh"))
    plan = StreamPlan(pipeline, ("one", "two"), 2, "logit", full)
    return EngineProcess("stream", StreamProgram(lambda: plan, "ascend", python))


@pytest.mark.parametrize("python", PYTHONS, ids=str)
def test_it_drives_the_vendors_module(monkeypatch: pytest.MonkeyPatch, python: Path) -> None:
    engine = vendor_process(monkeypatch, python)
    fleet = Fleet.of(engine)
    fleet.start()
    answers = [future.result(10) for future in [fleet.submit(probe_request(10)) for _ in range(50)]]
    full = [future.result(10) for future in [fleet.submit(replace(probe_request(10), scores="full")) for _ in range(20)]]
    fleet.close(5)
    assert {answer.scores[0].class_id for answer in answers} == {7}
    assert answers[0].scores[0].label == ("3.7" if "3.7" in str(python) else "{}.{}".format(*sys.version_info))
    assert {answer.all_scores for answer in full} == {struct.pack("<8f", *range(8))}
    assert {answer.scores[0] for answer in full} == {ClassScore(7, "h", 7.0)}
    assert {tuple(answer.stages_s) for answer in (*answers, *full)} == {("stream", "queue")}
    assert all(0 < answer.stages_s["stream"] < 10 for answer in (*answers, *full))
    assert engine.restarts == 0


def test_a_pipeline_that_is_refused_is_told_with_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineUnavailable, match="cannot be created \\(code 6005\\)"):
        vendor_process(monkeypatch, Path(sys.executable), b"broken").start()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("init", "InitManager failed with 1013. Its last errors: E.* Failed to init ACL. \\(Code = 507899\\) "),
        ("om", "The streams cannot be created \\(code 6003\\). Its last errors: E.* Calling Function = aclmdlLoadFromFile, Code = 545001 "),
    ],
)
def test_a_refusal_holds_the_sdks_last_errors_and_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: str, told: str
) -> None:
    model, double = store_om_model(tmp_path / "store"), AscendDouble(tmp_path / "double")
    monkeypatch.setenv("HOME", str(double.home))
    caplog.set_level(logging.INFO)
    double.breaks(fault)
    engine = EngineProcess("stream", StreamProgram(lambda: plan_rendered(model, "ascend", "Ascend310", 1), "ascend", double.python))
    with pytest.raises(EngineUnavailable) as refused:
        engine.start()
    folder = double.home / "log/mindxsdk/logs"
    assert re.fullmatch(told + re.escape(f"See the SDK's log in {folder}, and run: ascend-classify doctor"), str(refused.value))
    assert any(folder.iterdir())
    assert any("Init begins." in record.getMessage() for record in caplog.records)
    assert not any("\x1b" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("name", ["stream_child", "stream_lanes", "scores_lanes", "protocol"])
def test_it_is_python_3_7(name: str) -> None:
    source = Path(__file__).parents[4] / "server/engines/process" / f"{name}.py"
    vermin = subprocess.run([Path(sys.executable).with_name("vermin"), "-t=3.7-", source], capture_output=True, text=True, check=False)
    assert vermin.returncode == 0, vermin.stdout
