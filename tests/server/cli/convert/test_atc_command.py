"""`convert atc`, `convert om` and convert_om.sh as a user runs them, with a stand-in for ATC; interrupted and killed, too."""

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from contextlib import chdir, suppress
from pathlib import Path
from typing import Any

import pytest

from convert.aipp import aipp_of, render_aipp
from convert.atc.om import read_om_header
from models.store import ModelStore, StoredModel
from server.engines.plan import plan_rendered
from tests.convert.atc.atc_made import AIPP, StandIn, install, plain_network, stored_model
from tests.convert.atc.standin_atc import om_file
from tests.server.cli import command

ROOT = Path(__file__).parents[4]
SCRIPT = ROOT / "convert" / "convert_om.sh"
CLI = (sys.executable, "-m", "server", "convert")


@pytest.fixture(autouse=True)
def no_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("ASCEND_", "STANDIN_")):
            monkeypatch.delenv(name)


@pytest.fixture
def standin(tmp_path: Path) -> StandIn:
    return install(tmp_path / "bin/atc", tmp_path / "record")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files that the seed's user has."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "resnext101.air").write_bytes(b"\x0a\x04main")
    (folder / "plain.onnx").write_bytes(plain_network().SerializeToString())
    (folder / "aipp.config").write_text(AIPP)
    return folder


@pytest.fixture
def model(tmp_path: Path) -> StoredModel:
    return stored_model(tmp_path / "store")


def environment(standin: StandIn | None, **more: object) -> dict[str, str]:
    path = f"{standin.program.parent}:/usr/bin:/bin" if standin else "/usr/bin:/bin"
    told = (standin.environment if standin else {}) | {name: str(value) for name, value in more.items()}
    return {**os.environ, "COLUMNS": "140", "PYTHONPATH": str(ROOT), "PATH": path} | told


def run(*command: str | Path, standin: StandIn | None, cwd: Path, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*map(str, command)], env=environment(standin, **more), cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def convert(*arguments: str | Path, standin: StandIn | None, cwd: Path, **more: object) -> subprocess.CompletedProcess[str]:
    """The command in this process."""
    with chdir(cwd):
        return command.run("convert", *arguments, **environment(standin, **more))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("om", ["0-150_1251", "0-150_1251.om"])
def test_the_script_takes_the_seeds_three_arguments(standin: StandIn, folder: Path, om: str) -> None:
    seeds = ("resnext101.air", "aipp.config", om)
    done = convert("om", *seeds, standin=standin, cwd=folder) if om.endswith(".om") else run(SCRIPT, *seeds, standin=standin, cwd=folder)
    assert (done.returncode, done.stdout) == (0, f"{folder}/0-150_1251.om\n"), done.stderr
    assert read_om_header(folder / "0-150_1251.om").name == "resnext"
    told = json.loads((folder / "0-150_1251.om.json").read_text())
    assert told["source"] == f"{folder}/resnext101.air"
    assert told["command"].startswith(f"atc --framework=1 --model={folder}/resnext101.air --output={folder}/0-150_1251 ")


def test_the_script_wants_three_arguments(folder: Path) -> None:
    done = run(SCRIPT, "resnext101.air", "aipp.config", standin=None, cwd=folder)
    assert done.returncode == 2
    assert "AIR AIPP OM" in done.stderr


@pytest.mark.parametrize("arguments", [("m.om", "aipp.config"), ("aipp.config", "resnext101.air"), ("resnext101.air", "aipp.config")])
def test_swapped_arguments_overwrite_nothing(standin: StandIn, folder: Path, arguments: tuple[str, str]) -> None:
    (folder / "m.om").write_bytes(om_file(b"former"))
    before = {path: path.read_bytes() for path in folder.iterdir()}
    done = convert("om", "resnext101.air", *arguments, standin=standin, cwd=folder)
    assert done.returncode == 1
    assert "The arguments are: SOURCE (.air or .onnx), AIPP config, OM." in done.stderr
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert standin.calls == []


def test_a_dry_run_prints_a_line_that_runs(standin: StandIn, folder: Path) -> None:
    before = names(folder)
    options = ("--batch-sizes", "1,2,4,8", "--soc", "Ascend310P3", "--dry-run")
    done = convert("om", *PLAIN, *options, standin=None, cwd=folder)
    assert done.returncode == 0, done.stderr
    golden = (ROOT / "tests/convert/atc/golden/onnx_Ascend310P3_1_2_4_8.txt").read_text()
    same = {"/models/resnext101/resnext101.onnx": f"{folder}/plain.onnx", "/models/resnext101/resnext101 ": f"{folder}/m "}
    for there, here in {**same, "/models/resnext101": str(folder), "3,224,224": "3,32,32"}.items():
        golden = golden.replace(there, here)
    assert done.stdout == golden
    assert names(folder) == before

    assert run("sh", "-c", done.stdout, standin=standin, cwd=folder).returncode == 0
    assert standin.calls[0]["arguments"] == shlex.split(done.stdout)[1:]
    assert (folder / "m.om").exists()


def test_a_failure_is_one_line_with_atcs_reason(standin: StandIn, folder: Path) -> None:
    done = convert("om", "plain.onnx", "aipp.config", "m", standin=standin, cwd=folder, STANDIN_ATC="fail")
    assert done.returncode == 1
    assert "error: ATC failed. E19010: No parser is registered" in done.stderr
    assert done.stderr.endswith(f"The whole log: {folder}/m.om.log [atc_failed]\n")


def test_a_terminal_shows_atcs_last_line(standin: StandIn, folder: Path) -> None:
    ours, theirs = pty.openpty()
    command = [*CLI, "om", "plain.onnx", "aipp.config", "m"]
    with subprocess.Popen(command, env=environment(standin, STANDIN_ATC="brackets"), cwd=folder, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        with suppress(OSError):  # a pseudo-terminal's end
            while data := os.read(ours, 4096):
                seen += data
    os.close(ours)
    assert process.returncode == 0, seen
    assert b"ATC, 0 s: [/conv1/Conv] is compiled" in seen


def test_without_atc_the_user_is_told(folder: Path, tmp_path: Path) -> None:
    done = convert("om", "plain.onnx", "aipp.config", "m", standin=None, cwd=folder, HOME=tmp_path)
    assert done.returncode == 1
    assert "set_env.sh" in done.stderr
    assert done.stderr.endswith("[atc_missing]\n")


def test_an_installation_nobody_has_set_up_is_found_and_set_up(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "Ascend/ascend-toolkit/latest"
    standin = install(home / "atc/bin/atc", tmp_path / "record")
    (home / "atc/lib64").mkdir()
    more = {"HOME": tmp_path, "LD_LIBRARY_PATH": "/own", **standin.environment}
    done = convert("om", "plain.onnx", "aipp.config", "m", standin=None, cwd=folder, **more)
    assert done.returncode == 0, done.stderr
    seen = standin.calls[0]["environment"]
    assert seen["LD_LIBRARY_PATH"] == f"{home}/atc/lib64:/own"
    assert seen["PATH"] == f"{home}/atc/bin:/usr/bin:/bin"


def test_a_model_of_the_store_is_compiled_and_entered(standin: StandIn, model: StoredModel, tmp_path: Path) -> None:
    options = ("atc", "means", "--model-store", model.folder.parent, "--batch-sizes", "1,2,4,8")
    before = names(model.folder)
    dry = convert(*options, "--dry-run", standin=standin, cwd=tmp_path)
    assert dry.returncode == 0, dry.stderr
    assert names(model.folder) == before
    assert "means.plain.onnx is written when" in dry.stderr

    done = convert(*options, standin=standin, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert names(model.folder) == [
        *(
            "abc.names",
            "aipp.config",
            "manifest.toml",
            "means.Ascend310.om",
            "means.Ascend310.om.json",
            "means.Ascend310.om.log",
            "means.onnx",
            "means.plain.onnx",
        ),
    ]
    artifact, path = ModelStore(model.folder.parent).open("means").check_artifact("Ascend310")
    assert (path.name, artifact.batch_sizes) == ("means.Ascend310.om", (1, 2, 4, 8))
    assert artifact.command == dry.stdout.strip()

    plan = plan_rendered(ModelStore(model.folder.parent).open("means"), "ascend", "Ascend310", 1)
    plan.close()
    assert f'"modelPath": "{path}"'.encode() in plan.text


def test_an_om_is_entered_into_a_model(standin: StandIn, model: StoredModel, folder: Path) -> None:
    refused = convert("om", *PLAIN, "--into", "means", standin=standin, cwd=folder, MODEL_STORE=model.folder.parent)
    assert refused.returncode == 1
    assert refused.stderr.endswith("[aipp_invalid]\n")
    assert standin.calls == []

    (folder / "aipp.config").write_text(render_aipp(aipp_of(model.manifest, "rgb888")))
    done = convert("om", *PLAIN, "--into", "means", standin=standin, cwd=folder, MODEL_STORE=model.folder.parent)
    assert done.returncode == 0, done.stderr
    artifact, path = ModelStore(model.folder.parent).open("means").check_artifact("Ascend310")
    assert path.read_bytes() == (folder / "m.om").read_bytes()
    assert artifact.sha256 == json.loads((folder / "m.om.json").read_text())["om_sha256"]


PLAIN = ("plain.onnx", "aipp.config", "m")
CONVERT = (SCRIPT, *PLAIN)


def started(standin: StandIn, folder: Path, command: tuple[str | Path, ...] = CONVERT) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """A conversion that ATC does not finish, in a process group of its own, as a terminal makes one; and ATC's own note."""
    process = subprocess.Popen(
        command,
        env=environment(standin, STANDIN_ATC="hang"),
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    deadline_s = time.monotonic() + 60
    while not list(folder.glob(".atc-*/out/*.om")) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return process, standin.calls[-1]


def alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_ctrl_c_leaves_nothing_and_a_second_run_succeeds(standin: StandIn, folder: Path) -> None:
    (folder / "m.om").write_bytes(om_file(b"former"))
    before = names(folder)
    process, call = started(standin, folder)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in errors) == (130, False)
    assert names(folder) == before
    assert (folder / "m.om").read_bytes() == om_file(b"former")
    assert not alive(call["pid"])

    assert convert("om", *PLAIN, standin=standin, cwd=folder).returncode == 0
    assert (folder / "m.om").read_bytes() != om_file(b"former")


def test_a_kill_leaves_no_om_and_a_second_run_clears_up(standin: StandIn, folder: Path) -> None:
    process, call = started(standin, folder)
    process.kill()
    process.communicate(timeout=30)
    try:
        assert not (folder / "m.om").exists()
        assert alive(call["pid"]), "ATC is on its own now, and its folder is left to it"
        assert convert("om", *PLAIN, standin=standin, cwd=folder).returncode == 0
        assert len(list(folder.glob(".atc-*"))) == 1
    finally:
        os.kill(call["pid"], signal.SIGKILL)
    while alive(call["pid"]):
        time.sleep(0.02)
    assert convert("om", *PLAIN, standin=standin, cwd=folder).returncode == 0
    assert names(folder) == ["aipp.config", "m.om", "m.om.json", "m.om.log", "plain.onnx", "resnext101.air"]


def test_a_killed_conversion_leaves_the_stored_model_as_it_was(standin: StandIn, model: StoredModel) -> None:
    options = ("atc", "means", "--model-store", str(model.folder.parent))
    assert convert(*options, standin=standin, cwd=model.folder).returncode == 0
    process, call = started(standin, model.folder, (*CLI, *options))
    process.kill()
    process.communicate(timeout=30)
    os.kill(call["pid"], signal.SIGKILL)
    store = ModelStore(model.folder.parent)
    artifact, _ = store.open("means").check_artifact("Ascend310")
    assert artifact.batch_sizes == (1,)

    assert convert(*options, "--batch-sizes", "1,2", standin=standin, cwd=model.folder).returncode == 0
    artifact, _ = store.open("means").check_artifact("Ascend310")
    assert artifact.batch_sizes == (1, 2)
