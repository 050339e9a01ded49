"""The whole job, by its start file, as ModelArts runs it."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from tests.models.training.modelarts.test_object_store import write_moxing

START = Path(__file__).parents[4] / "models/training/modelarts/start.py"
RECIPE = ["--network", "resnext_digits", "--num_classes", "2", "--image_size", "[32, 32]", "--resize_size", "[32, 32]"]
SHORT = ["--per_batch_size", "4", "--eval_per_batch_size", "4", "--max_epoch", "1", "--warmup_epochs", "0", "--run_eval", "true"]


class Job:
    """A bucket with a data set of two classes, and a node's disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bucket = folder, folder / "bucket"
        for side in ("train", "eval"):
            for index in range(8):
                path = self.bucket / "data" / side / str(index % 2) / f"{index}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), np.full((40, 40, 3), 60 + 120 * (index % 2) + index, np.uint8))
        write_moxing(folder / "moxing", self.bucket)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        node = ["--data_path", str(self.folder / "cache/data"), "--outputs_dir", str(self.folder / "cache/train")]
        return subprocess.run(
            [sys.executable, START, *node, *RECIPE, *SHORT, *arguments],
            cwd=self.folder,
            env={"PYTHONPATH": str(self.folder / "moxing"), "PATH": "/usr/bin:/bin", "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_a_job_and_one_that_starts_from_its_checkpoint(job: Job) -> None:
    result = job.run("--data_url", "obs://data", "--train_url", "obs://out")
    assert result.returncode == 0, result.stderr
    out = job.bucket / "out"
    assert {"config.yaml", "loss.csv", "accuracy.csv", "ckpt_0", "model"} <= {path.name for path in out.iterdir()}
    assert onnx.load(out / "model/resnext_digits.onnx").graph.output[0].type.tensor_type.shape.dim[1].dim_value == 2

    again = Job(job.folder / "again")
    (again.bucket / "weights").mkdir()
    (again.bucket / "weights/start.ckpt").write_bytes((out / "ckpt_0/best.ckpt").read_bytes())
    result = again.run("--data_url", "obs://data", "--train_url", "obs://out", "--checkpoint_url", "obs://weights/start.ckpt")
    assert result.returncode == 0, result.stderr
    assert "checkpoint/start.ckpt; left out: nothing" in result.stdout + result.stderr


def test_what_a_failed_job_has_is_sent(job: Job) -> None:
    result = job.run("--data_url", "obs://data", "--train_url", "obs://out", "--num_classes", "3")
    assert result.returncode == 1
    assert "has 2 class folders, but num_classes is 3" in result.stderr
    assert list((job.bucket / "out").glob("*.log"))


def test_a_job_without_places(job: Job) -> None:
    result = job.run("--data_url", "obs://data")
    assert (result.returncode, result.stderr) == (
        1,
        "A ModelArts job needs data_url and train_url. Name the data set and the output path of the job.\n",
    )
