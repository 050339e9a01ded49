"""The driver with a module of the vendor's name, under Python 3.7 if one is here. Its rules are kept in test_contract.py (strict)."""

import subprocess
import sys
from pathlib import Path

import pytest

from server.engines.fleet.fleet import Fleet
from server.engines.plan import StreamPlan
from server.engines.probe import probe_request
from server.engines.process.engine_process import EngineProcess
from server.engines.process.program import StreamProgram
from server.errors import EngineUnavailable

PYTHONS = [Path(sys.executable), *sorted(Path.home().glob(".pyenv/versions/3.7.*/bin/python"))]


def vendor_process(monkeypatch: pytest.MonkeyPatch, python: Path, pipeline: bytes = b"{}") -> EngineProcess:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1] / "vendor"))
    plan = StreamPlan(pipeline, ("one", "two"), 2, "probability")
    return EngineProcess("stream", StreamProgram(lambda: plan, "ascend", python))


@pytest.mark.parametrize("python", PYTHONS, ids=str)
def test_it_drives_the_vendors_module(monkeypatch: pytest.MonkeyPatch, python: Path) -> None:
    engine = vendor_process(monkeypatch, python)
    fleet = Fleet.of(engine)
    fleet.start()
    answers = [future.result(10) for future in [fleet.submit(probe_request(10)) for _ in range(50)]]
    fleet.close(5)
    assert {answer.scores[0].class_id for answer in answers} == {7}
    assert answers[0].scores[0].label == ("3.7" if "3.7" in str(python) else "{}.{}".format(*sys.version_info))
    assert engine.restarts == 0


def test_a_pipeline_that_is_refused_is_told_with_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineUnavailable, match="cannot be created \\(code 6005\\)"):
        vendor_process(monkeypatch, Path(sys.executable), b"broken").start()


@pytest.mark.parametrize("name", ["stream_child", "stream_lanes", "protocol"])
def test_it_is_python_3_7(name: str) -> None:
    source = Path(__file__).parents[4] / "server/engines/process" / f"{name}.py"
    vermin = subprocess.run([Path(sys.executable).with_name("vermin"), "-t=3.7-", source], capture_output=True, text=True, check=False)
    assert vermin.returncode == 0, vermin.stdout
