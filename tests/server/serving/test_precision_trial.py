import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cpu.processor import capabilities
from server.serving.precision_advice import BOOT, ROOT
from server.serving.precision_trial import seconds_an_image, trial
from tests.level_model import store_level_model


def test_the_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.serving.precision_trial.MEASURE_S", 0.01)
    file = str(store_level_model(tmp_path, batch_sizes=(1, 2)).folder / "level.onnx")
    assert 0 < seconds_an_image(Path(file), "f32") < 1
    assert trial([(file, "f32"), (file, "int8")]).keys() == {"f32", "int8"}
    others = {"f32", "bf16"} if "BF16" in capabilities() else set()
    assert trial([(file, "f32"), (file, "bf16")]).keys() == others


def test_as_a_program(tmp_path: Path) -> None:
    """The one that `main` is."""
    file = store_level_model(tmp_path).folder / "level.onnx"
    done = subprocess.run(
        [sys.executable, "-c", BOOT, str(ROOT), f"{file}=f32", f"{file}=int8"], capture_output=True, check=True, timeout=120
    )
    assert json.loads(done.stdout).keys() == {"f32", "int8"}
