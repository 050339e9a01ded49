"""The shell scripts, with stand-ins on PATH that write down how they were called."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

SCRIPTS = Path(__file__).parents[3] / "models/training/scripts"
NAMES = sorted(path.name for path in SCRIPTS.glob("*.sh") if path.name != "launch.sh")
RECORDER = """#!/usr/bin/env bash
if [ "${1:-}" = - ]; then exec python3 "$@"; fi
{ printf '%s\\0' "$(basename "$0")" "$@" "RANK=${RANK_ID:-}/${DEVICE_ID:-}/${RANK_SIZE:-}" "TABLE=${RANK_TABLE_FILE:-}"; } \\
  >"$RECORDS/$$-${RANK_ID:-}"
echo started
if [ "${FAILING_RANK:-none}" = "${RANK_ID:-}" ]; then exit 3; fi
if [ "${FAILING_RANK:-none}" != none ]; then exec sleep 60; fi
"""


class Scripts:
    """A folder to run scripts in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("data set", "model", "bin", "records"):
            (folder / name).mkdir()
        (folder / "0-1.ckpt").touch()
        for name in ("python", "mpirun", "msrun", "docker"):
            (folder / "bin" / name).write_text(RECORDER)
            (folder / "bin" / name).chmod(0o755)

    def run(self, name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(
            [SCRIPTS / name, *arguments],
            cwd=self.folder,
            env={"PATH": path, "RECORDS": str(self.folder / "records"), **environment},
            capture_output=True,
            text=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def calls(self) -> list[list[str]]:
        """How the stand-ins were called, by rank."""
        files = sorted((self.folder / "records").iterdir(), key=lambda path: path.name.partition("-")[2])
        return [file.read_text().split("\0")[:-1] for file in files]


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


def flags(call: list[str]) -> dict[str, str]:
    """The flags of `python -m models.training …`, which take one value each."""
    after = call[call.index("models.training") + 2 :]
    return {flag: value for flag, value in pairwise(after) if flag.startswith("--")}


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_shellcheck_has_nothing_to_say() -> None:
    result = subprocess.run(["shellcheck", "-x", *SCRIPTS.glob("*.sh")], cwd=SCRIPTS, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("name", NAMES)
def test_usage(scripts: Scripts, name: str) -> None:
    result = scripts.run(name)
    assert result.returncode == 2
    assert result.stderr.startswith("Usage: ")
    assert name in result.stderr.splitlines()[0]
    assert "set -eu" not in result.stderr
    assert "\nset -eu\n" in (SCRIPTS / name).read_text()


@pytest.mark.parametrize(("name", "target"), [("run_standalone_train.sh", "Ascend"), ("run_standalone_train_for_gpu.sh", "GPU")])
def test_standalone(scripts: Scripts, name: str, target: str) -> None:
    assert scripts.run(name, "3", "data set", "0-1.ckpt", "--lr", "0.1").returncode == 0
    (call,) = scripts.calls()
    assert call[:4] == ["python", "-m", "models.training", "train"]
    assert flags(call) == {
        "--device_target": target,
        "--device_id": "3",
        "--data_path": "data set",
        "--checkpoint_file_path": "0-1.ckpt",
        "--lr": "0.1",
    }


def test_without_a_checkpoint(scripts: Scripts) -> None:
    scripts.run("run_standalone_train.sh", "0", "data set", "--max_epoch", "2")
    assert "--checkpoint_file_path" not in scripts.calls()[0]
    assert flags(scripts.calls()[0])["--max_epoch"] == "2"


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("run_standalone_train.sh", ["x", "data set"], "DEVICE is x, not a number."),
        ("run_standalone_train.sh", ["0", "nowhere"], "nowhere does not exist."),
        ("run_standalone_train.sh", ["0", "data set", "no.ckpt"], "The checkpoint no.ckpt does not exist."),
        ("run_standalone_train.sh", ["0", "data set", "0-1.ckpt", "more"], "Unexpected: more. Flags begin with --."),
        ("run_eval.sh", ["0", "data set", "0-1.ckpt", "TPU"], "PLATFORM is TPU, not Ascend, GPU or CPU."),
        ("run_eval.sh", ["0", "data set", "no.ckpt", "CPU"], "The checkpoint no.ckpt does not exist."),
        ("run_distribute_train.sh", ["no.json", "data set"], "The rank table no.json does not exist. Write it with:"),
        ("run_distribute_train.sh", ["0-1.ckpt", "data set"], "is not a rank table of one server."),
        ("docker_start.sh", ["image", "data set", "nowhere"], "There is no folder nowhere."),
    ],
)
def test_refusals(scripts: Scripts, name: str, arguments: list[str], message: str) -> None:
    result = scripts.run(name, *arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert scripts.calls() == []


def test_evaluation(scripts: Scripts) -> None:
    assert scripts.run("run_eval.sh", "1", "data set", "0-1.ckpt", "CPU", "--num_classes", "10").returncode == 0
    (call,) = scripts.calls()
    assert call[3] == "eval"
    assert flags(call) == {
        "--device_target": "CPU",
        "--device_id": "1",
        "--data_path": "data set",
        "--checkpoint_file_path": "0-1.ckpt",
        "--num_classes": "10",
    }


def rank_table(scripts: Scripts, *devices: int) -> str:
    entries = [{"device_id": str(device), "device_ip": "10.0.0.1", "rank_id": str(rank)} for rank, device in enumerate(devices)]
    (scripts.folder / "table.json").write_text(json.dumps({"server_list": [{"device": entries}]}))
    return "table.json"


def test_a_process_for_each_rank(scripts: Scripts) -> None:
    result = scripts.run("run_distribute_train.sh", rank_table(scripts, 4, 5), "data set", "--lr", "0.1")
    assert (result.returncode, result.stderr) == (0, "")
    calls = scripts.calls()
    assert [flags(call)["--device_id"] for call in calls] == ["4", "5"]
    assert [call[-2:] for call in calls] == [[f"RANK={rank}/{4 + rank}/2", f"TABLE={scripts.folder / 'table.json'}"] for rank in range(2)]
    assert flags(calls[0])["--outputs_dir"] == flags(calls[1])["--outputs_dir"]
    assert [flags(call)["--run_distribute"] for call in calls] == ["true", "true"]
    assert (scripts.folder / "LOG1/log.txt").read_text() == "started\n"


def test_a_rank_that_fails_stops_the_others(scripts: Scripts) -> None:
    result = scripts.run("run_distribute_train.sh", rank_table(scripts, 0, 1, 2), "data set", FAILING_RANK="1")
    assert result.returncode == 2
    assert "A process failed; see the ends of LOG*/log.txt" in result.stderr
    running = subprocess.run(["ps", "-eo", "pid="], capture_output=True, text=True, check=True).stdout.split()
    pids = {path.name.partition("-")[0] for path in (scripts.folder / "records").iterdir()}
    assert not pids & set(running)


def test_gpus(scripts: Scripts) -> None:
    assert scripts.run("run_distribute_train_for_gpu.sh", "data set", "0-1.ckpt", RANK_SIZE="4").returncode == 0
    (call,) = scripts.calls()
    assert call[0] == "mpirun"
    assert call[call.index("-n") + 1] == "4"
    assert flags(call)["--device_target"] == "GPU"
    assert ("--allow-run-as-root" in call) == (os.getuid() == 0)


def test_cpus(scripts: Scripts) -> None:
    assert scripts.run("run_distribute_train_cpu.sh", "2", "data set", MASTER_PORT="9000").returncode == 0
    (call,) = scripts.calls()
    assert call[:4] == ["msrun", "--worker_num=2", "--local_worker_num=2", "--master_port=9000"]
    assert flags(call)["--run_distribute"] == "true"


def test_a_container(scripts: Scripts) -> None:
    devices = scripts.folder / "dev"
    devices.mkdir()
    for name in ("davinci0", "davinci11", "davinci_manager"):
        (devices / name).touch()
    (scripts.folder / "Ascend/driver").mkdir(parents=True)
    home = str(scripts.folder / "Ascend")
    assert scripts.run("docker_start.sh", "image", "data set", "model", ASCEND_DEVICES=str(devices), ASCEND_HOME=home).returncode == 0
    (call,) = scripts.calls()
    assert [part.removeprefix(f"--device={devices}/") for part in call if part.startswith("--device=")] == [
        *("davinci0", "davinci11", "davinci_manager", "devmm_svm", "hisi_hdc"),
    ]
    data, model = scripts.folder / "data set", scripts.folder / "model"
    assert {f"{data}:{data}", f"{model}:{model}", f"{home}/driver:{home}/driver:ro"} <= set(call)
    assert call[-4:-2] == ["image", "/bin/bash"]
    assert not {"--tty", "--privileged"} & set(call)


def test_a_container_without_devices(scripts: Scripts) -> None:
    result = scripts.run("docker_start.sh", "image", "data set", "model", ASCEND_DEVICES=str(scripts.folder))
    assert "the container has only a CPU" in result.stderr
    assert not [part for part in scripts.calls()[0] if part.startswith("--device")]


needs_mindspore = pytest.mark.skipif(not find_spec("mindspore"), reason="MindSpore has an environment of its own")
BIN = Path(sys.executable).parent
RECIPE = ["--network", "resnext_digits", "--num_classes", "2", "--image_size", "[32, 32]", "--resize_size", "[32, 32]"]


def small_data(folder: Path) -> str:
    for side in ("train", "eval"):
        for index in range(8):
            path = folder / side / str(index % 2) / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.full((40, 40, 3), 60 + 120 * (index % 2) + index, np.uint8))
    return str(folder)


@needs_mindspore
def test_two_processes_train_and_one_evaluates_for_real(tmp_path: Path) -> None:
    def run(name: str, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "MASTER_PORT": "8229", "HOME": str(tmp_path)}
        command = [str(SCRIPTS / name), *arguments, *RECIPE, "--eval_per_batch_size", "4"]
        result: subprocess.CompletedProcess[str] = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240, check=False
        )
        assert result.returncode in codes, result.stdout + result.stderr
        return result.stdout + result.stderr

    data = small_data(tmp_path / "data set")
    # MindSpore 2.10: msrun's scheduler may take a finished process for one that has died, and then answers 1.
    short = ["--per_batch_size", "2", "--max_epoch", "1", "--warmup_epochs", "0", "--run_eval", "true"]
    run("run_distribute_train_cpu.sh", "2", data, *short, codes=(0, 1))
    assert all("end network train" in path.read_text() for path in tmp_path.glob("outputs/*/*_rank_[01].log"))
    (outputs,) = (tmp_path / "outputs").iterdir()
    (checkpoint,) = outputs.glob("ckpt_0/0-1_*.ckpt")
    assert "tot=8" in (tmp_path / "log_output/worker_0.log").read_text()
    assert "tot=8" in run("run_eval.sh", "0", data, str(checkpoint), "CPU")
