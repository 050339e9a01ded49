"""Trainings from the command line: the curve, an interrupt and a kill, another head, a loss that is not a number."""

import re
import signal
import time
from pathlib import Path

import pytest

from models.training.curves import read_curve
from tests.models.training.tiny import KEYS, run, start, write_images

STEPS = 18  # 3 epochs of 48 images in batches of 8


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_images(tmp_path_factory.mktemp("data") / "images")


@pytest.fixture(scope="module")
def whole(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    code, out, error = run("train", **KEYS, num_classes=3, data_path=images, eval_data_path=images, run_eval="true", outputs_dir=folder)
    assert code == 0, error
    assert re.search(r"epoch\[3\], iter\[18\], loss:[\d.]+, mean_fps:[\d.]+imgs/sec", out)
    assert re.search(r"top1_correct=\d+, tot=48, acc=[\d.]+%\(TOP1\)", out)
    return folder


def curve(folder: Path) -> list[tuple[float, ...]]:
    """(step, epoch, learning rate, loss) of every step."""
    return [row[:4] for row in read_curve(folder / "loss.csv")]


def wait_for_rows(folder: Path, rows: int) -> None:
    deadline = time.monotonic() + 120
    while len(read_curve(folder / "loss.csv")) < rows:
        assert time.monotonic() < deadline, "the training does not get on"
        time.sleep(0.02)


@pytest.mark.smoke
def test_what_a_run_leaves(whole: Path) -> None:
    rows = curve(whole)
    assert [row[0] for row in rows] == list(range(1, STEPS + 1))
    assert rows[-1][3] < rows[0][3]
    assert [row[:2] for row in read_curve(whole / "accuracy.csv")] == [(6, 1), (12, 2), (18, 3)]
    assert sorted(path.name for path in (whole / "ckpt_0").iterdir()) == ["0-1_6.ckpt", "0-2_6.ckpt", "0-3_6.ckpt", "best.ckpt"]
    assert (whole / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert (whole / "config.yaml").is_file()


@pytest.mark.parametrize(("blow", "rows"), [(signal.SIGINT, 3), (signal.SIGTERM, 8), (signal.SIGKILL, 8)])
def test_a_stopped_run_goes_on_to_the_same_curve(images: Path, whole: Path, tmp_path: Path, blow: signal.Signals, rows: int) -> None:
    folder = tmp_path / "run"
    with start("train", **KEYS, num_classes=3, data_path=images, eval_data_path=images, run_eval="true", outputs_dir=folder) as process:
        wait_for_rows(folder, rows)
        process.send_signal(blow)
        _, error = process.communicate(timeout=120)
    done = len(curve(folder))
    assert done < STEPS, "the blow came too late"
    if blow is signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 130, error
        assert f"Interrupted after step {done} of {STEPS}" in error
        assert (folder / "ckpt_0" / f"0-{(done - 1) // 6 + 1}_{(done - 1) % 6 + 1}.ckpt").is_file()

    code, _, error = run("train", resume=folder)
    assert code == 0, error
    for found, expected in zip(curve(folder), curve(whole), strict=True):
        assert found == pytest.approx(expected, abs=1e-6)
    assert read_curve(folder / "accuracy.csv") == read_curve(whole / "accuracy.csv")


def test_a_run_does_not_go_on_with_another_configuration(whole: Path) -> None:
    code, _, error = run("train", resume=whole, lr=0.01)
    assert code == 1
    assert "lr was 0.05, is 0.01" in error
    code, _, error = run("train", resume=whole.parent)
    assert code == 1
    assert "not a run that can be resumed" in error


def test_a_transfer_leaves_out_the_head_and_says_so(whole: Path, tmp_path: Path) -> None:
    images, best = write_images(tmp_path / "five", classes=5, each=8), whole / "ckpt_0" / "best.ckpt"
    keys = {**KEYS, "num_classes": 5, "data_path": images, "max_epoch": 1, "warmup_epochs": 0, "lr": 0.01}
    code, _, error = run("train", **keys, checkpoint_file_path=best, outputs_dir=tmp_path / "refused")
    assert code == 1
    assert "filter_weight" in error
    code, out, error = run("train", **keys, checkpoint_file_path=best, filter_weight="true", outputs_dir=tmp_path / "transfer")
    assert code == 0, error
    assert "left out: fc.weight, fc.bias" in out


def test_a_loss_that_is_no_number_stops_the_training(images: Path, tmp_path: Path) -> None:
    code, _, error = run("train", **{**KEYS, "lr": "1e30", "warmup_epochs": 0}, num_classes=3, data_path=images, outputs_dir=tmp_path)
    assert code == 1
    assert re.search(r"The loss is (nan|inf) at step \d, epoch 1, with a learning rate of [\d.]+e\+\d+\. Lower lr", error)
    assert not list(tmp_path.glob("ckpt_0/*"))
