"""The CPU runtime and the compiled engine, as they are in this very environment, and as they could be."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from pipelines.classifier_config import MXCLASSIFY_INTERFACE
from server.cli.doctor.case import open_case
from server.cli.doctor.engine_checks import CPU_IMAGE, check_engines
from server.cli.doctor.finding import Finding
from server.cli.doctor.machine import Machine
from server.engines.runtime import INSTALL
from server.settings import Settings

BUILT = find_spec("mxclassify") is not None


def check(root: Path = Path("/"), **settings: object) -> list[Finding]:
    return list(check_engines(open_case(Machine({}, root), Settings(port=0, **settings))))  # type: ignore[arg-type]


def test_what_is_installed_here() -> None:
    runtime, compiled = check()
    assert runtime.status == "ok"
    assert runtime.what.startswith("CPU runtime: OpenVINO 20")
    assert compiled.status == ("ok" if BUILT else "note")
    assert len(check(engines="fake")) == 1


def test_an_engine_that_nobody_knows() -> None:
    finding = check(engines="stream,magic")[0]
    assert (finding.status, finding.what, finding.remedy) == (
        "problem",
        "ENGINES=stream,magic: there is no engine 'magic'",
        "export ENGINES=auto",
    )


def test_the_cpu_runtime_without_openvino(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an Ascend image is, which has no extra [cpu]."""
    for name in [name for name in sys.modules if name.startswith("pipelines.cpu")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pipelines.cpu", None)
    problem = check(tmp_path)[0]
    assert problem.status == "problem"
    assert problem.what.startswith("the CPU runtime cannot be loaded: ")
    assert problem.remedy == INSTALL
    (tmp_path / ".dockerenv").touch()
    assert check(tmp_path)[0].remedy == f"Take the image for a CPU: {CPU_IMAGE}"
    assert f"{sys.executable} -m pip install 'ascend-classify[cpu]'" == INSTALL


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("raise ModuleNotFoundError(\"No module named 'mxclassify'\")", "is not built"),
        ("raise ImportError('libopencv_core.so.4.6: none')", "cannot be loaded: ImportError: libopencv_core.so.4.6: none"),
        ("import os; os.kill(os.getpid(), 9)", "cannot be loaded: it died of signal 9"),
        (f"RUNTIME, INTERFACE = 'ascend', {MXCLASSIFY_INTERFACE}", "is built for ascend, not for cpu"),
        ("RUNTIME = 'cpu'", "is built from another version of the sources"),
    ],
)
def test_the_compiled_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, told: str) -> None:
    (tmp_path / "mxclassify.py").write_text(module)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    if told.startswith("is built"):
        monkeypatch.setattr("importlib.metadata.version", lambda _name: "1")
    compiled = check(tmp_path)[-1]
    assert (compiled.status, compiled.what) == ("note", f"the compiled engine (mxbase) {told}")
    compiled = check(tmp_path, engines="stream, mxbase")[-1]
    assert (compiled.status, compiled.what) == ("problem", f"ENGINES=stream, mxbase, but the compiled engine (mxbase) {told}")
    assert compiled.remedy == "make mxbase"
    (tmp_path / ".dockerenv").touch()
    assert "--build-arg WITH_MXBASE=1" in check(tmp_path)[-1].remedy


def test_the_install_command_is_one(tmp_path: Path) -> None:
    """Every word of it reaches pip."""
    shown = subprocess.run(["sh", "-c", f"printf '%s\\n' {INSTALL}"], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert shown.splitlines() == [sys.executable, "-m", "pip", "install", "ascend-classify[cpu]"]
