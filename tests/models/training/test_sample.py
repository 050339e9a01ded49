"""The sample, trained for real and from scratch: minutes, on two cores."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from models.training.curves import read_curve
from models.training.dataset import create_dataset
from models.training.listing import read_listing
from models.training.training_config import load_config
from pipelines.cpu.quiet_openvino import ov
from tests.models.training.own_folder import CLASSES, by_command, own_folder
from tests.models.training.served import classify, classify_with, served
from tests.models.training.tiny import ROOT, run

CONFIG = ROOT / "models" / "training" / "resnext_digits.yaml"


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from models.training import digits

    folder = tmp_path_factory.mktemp("digits")
    digits.main([str(folder)])
    return folder


@pytest.fixture(scope="module")
def checkpoint(digits: Path) -> Path:
    code, _, error = run("train", config=CONFIG, data_path=digits, outputs_dir=digits / "run")
    assert code == 0, error
    (last,) = (digits / "run" / "ckpt_0").glob("0-6_*.ckpt")
    return last


def accuracy(digits: Path, part: str, checkpoint: Path) -> float:
    code, out, error = run(
        "eval",
        config=CONFIG,
        data_path=digits,
        eval_data_path=digits / part,
        checkpoint_file_path=checkpoint,
        outputs_dir=digits / "eval_run",
    )
    assert code == 0, error
    return float(out.partition("acc=")[2].partition("%")[0])


def test_it_reads_digits_it_has_not_seen(digits: Path, checkpoint: Path) -> None:
    assert accuracy(digits, "eval", checkpoint) >= 98
    assert accuracy(digits, "blocky", checkpoint) >= 97


def test_its_onnx_answers_the_same_on_every_picture(digits: Path, checkpoint: Path) -> None:
    import mindspore as ms

    from models.resnext import ResNeXt, architecture
    from models.training.checkpoints import load_weights

    code, _, error = run("export", config=CONFIG, checkpoint_file_path=checkpoint, file_name=digits / "resnext_digits")
    assert code == 0, error
    path = digits / "resnext_digits.onnx"
    assert path.stat().st_size <= 3_000_000
    compiled = ov.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    network = ResNeXt(architecture("resnext_digits"), 10)
    load_weights(network, checkpoint)
    network.set_train(mode=False)
    for image, _ in create_dataset(load_config(CONFIG, {"data_path": str(digits)}), training=False):
        logits, scores = network(ms.Tensor(image)).asnumpy(), compiled(image)[0]
        np.testing.assert_allclose(scores, logits, atol=1e-4, rtol=0)
        assert (scores.argmax(axis=1) == logits.argmax(axis=1)).all()


def test_the_server_answers_as_mindspore_does(digits: Path, checkpoint: Path) -> None:
    import mindspore as ms

    from models.resnext import ResNeXt, architecture
    from models.training.checkpoints import load_weights

    network = ResNeXt(architecture("resnext_digits"), 10)
    load_weights(network, checkpoint)
    network.set_train(mode=False)
    names = ROOT / "models/zoo/resnext_digits/digits.names"
    with served(digits / "resnext_digits.onnx", "--transform", "stretch", "--labels", str(names)) as server:
        for part in ("eval", "blocky"):
            listing = read_listing(digits / part)
            answers = classify(server, listing)
            images = create_dataset(load_config(CONFIG, {"data_path": str(digits / part)}), training=False)
            scores = np.concatenate([ms.ops.softmax(network(ms.Tensor(image))).asnumpy() for image, _ in images])
            assert len(answers) == len(scores) == 359
            assert [answer[0]["class_id"] for answer in answers] == scores.argmax(axis=1).tolist()
            best = [answer[0]["score"] for answer in answers]
            np.testing.assert_allclose(best, scores.max(axis=1), atol=1e-4, rtol=0)
            assert np.mean([answer[0]["class_id"] == label for answer, label in zip(answers, listing.labels, strict=True)]) >= 0.98


def test_a_transfer_has_the_lower_loss_after_as_many_steps(digits: Path, checkpoint: Path) -> None:
    for label in "01234":
        shutil.copytree(digits / "eval" / label, digits / "half" / label)
    keys = {
        "num_classes": 5,
        "data_path": digits / "half",
        "per_batch_size": 16,
        "max_epoch": 2,
        "T_max": 2,
        "lr": 0.02,
        "run_eval": "false",
    }
    last_losses = []
    for name, start in (("scratch", {}), ("transfer", {"checkpoint_file_path": checkpoint, "filter_weight": "true"})):
        code, _, error = run("train", config=CONFIG, **{**keys, "log_interval": 1}, **start, outputs_dir=digits / name)
        assert code == 0, error
        last_losses.append(np.mean([row[3] for row in read_curve(digits / name / "loss.csv")][-4:]))
    assert last_losses[1] < last_losses[0] - 0.1


def test_from_a_folder_to_calibrated_answers(checkpoint: Path, tmp_path: Path) -> None:
    """By the commands of docs/training.md: train, export, import, evaluate, calibrate, serve."""
    own, measured = own_folder(tmp_path)
    keys = {"num_classes": 5, "data_path": own, "max_epoch": 2, "T_max": 2, "lr": 0.02, "run_eval": "true"}
    code, _, error = run(
        "train", config=CONFIG, **keys, checkpoint_file_path=checkpoint, filter_weight="true", outputs_dir=tmp_path / "run"
    )
    assert code == 0, error
    best = tmp_path / "run/ckpt_0/best.ckpt"
    code, _, error = run("export", config=CONFIG, num_classes=5, checkpoint_file_path=best, file_name=tmp_path / "own")
    assert code == 0, error

    (tmp_path / "labels.txt").write_text("\n".join(CLASSES) + "\n")
    with served(tmp_path / "own.onnx", "--transform", "stretch", "--labels", str(tmp_path / "labels.txt")) as server:
        by_command(tmp_path, "evaluate", measured, "--model", "served", "--scores")
        (evaluation,) = (tmp_path / "evaluations").iterdir()
        told = by_command(tmp_path, "models", "calibrate", "served", evaluation, "--coverage", "0.9")
        assert "calibration error (95 %)" in told
        assert server.client.post("/admin/models/reload").status_code == 200
        pictures = sorted(measured.glob("*/*.png"))
        answers = classify_with(server, pictures, "coverage=0.9")
    assert {answer["score_type"] for answer in answers} == {"calibrated"}
    right = [answer["predictions"][0]["label"] == picture.parent.name for answer, picture in zip(answers, pictures, strict=True)]
    held = [
        picture.parent.name in {each["label"] for each in answer["prediction_set"]["classes"]}
        for answer, picture in zip(answers, pictures, strict=True)
    ]
    assert sum(right) >= 0.9 * len(right)
    assert sum(held) >= 0.85 * len(held)
