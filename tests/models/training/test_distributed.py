"""Two processes under msrun take the step that one process takes over both halves."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.training.distributed import open_device, sinks
from models.training.training_config import load_config
from models.training.training_errors import DeviceUnavailable
from tests.models.training.tiny import ROOT

BIN = Path(sys.executable).parent
SCRIPT = str(Path(__file__).with_name("first_step.py"))
MSRUN = [str(BIN / "msrun"), "--worker_num=2", "--local_worker_num=2", "--master_port=18118", "--join=True"]


def gradients(folder: Path, name: str, part: str, mode: str) -> dict[str, np.ndarray]:
    start = [*MSRUN, f"--log_dir={folder / 'msrun'}", SCRIPT] if part == "distributed" else [sys.executable, SCRIPT]
    done = subprocess.run(
        [*start, str(folder), name, part, mode], cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": f"{BIN}:/usr/bin:/bin"},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with np.load(folder / f"{name}_0.npz") as archive:
        return dict(archive)


@pytest.mark.parametrize("mode", ["train", "inference"])
def test_two_processes_take_the_mean_of_the_halves(tmp_path: Path, mode: str) -> None:
    both = gradients(tmp_path, "both", "distributed", mode)
    assert both.pop("counts").tolist() == [2, 1]
    with np.load(tmp_path / "both_1.npz") as second:
        assert all(np.array_equal(second[name], value) for name, value in both.items())
    left, right = (gradients(tmp_path, name, part, mode) for name, part in (("left", "alone:0:4"), ("right", "alone:4:8")))
    assert max(np.abs(value).max() for value in both.values()) > 0.01
    for name, value in both.items():
        np.testing.assert_allclose(value, (left[name] + right[name]) / 2, atol=1e-6, rtol=0, err_msg=name)
    if mode == "inference":  # otherwise batch normalisation makes the halves depend on their company
        whole = gradients(tmp_path, "whole", "alone:0:8", mode)
        for name, value in both.items():
            np.testing.assert_allclose(value, whole[name], atol=1e-6, rtol=0, err_msg=name)


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(DeviceUnavailable, match="The device Ascend cannot be used"):
        open_device(load_config(None, {"device_target": "Ascend", "device_id": "0"}))


def test_data_sink_only_where_there_is_one() -> None:
    assert not sinks(load_config(None, {"device_target": "CPU"}))
    assert sinks(load_config(None, {"device_target": "Ascend"}))
    assert not sinks(load_config(None, {"device_target": "Ascend", "accumulate_steps": "2"}))
