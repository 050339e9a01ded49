"""The sample model on its own labelled set: the report against scikit-learn, and against MindSpore's own evaluation."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from convert.prepare import prepare
from models.store import ModelStore, StoredModel, zoo_folder
from server.evaluation.run.records import PredictionLog
from tests.server.cli.command import run

CLASSES = list(range(10))


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    return prepare("resnext_digits", ModelStore(tmp_path_factory.mktemp("store")))


def evaluate(digits: StoredModel, part: str, form: str, folder: Path) -> dict[str, Any]:
    images = digits.folder / "evaluation" / part / form
    labels = ("--labels", str(images.parent / "val_label.txt")) if form == "images" else ()
    options = ("--model", "resnext_digits", "--json", folder / "report.json", "--model-store", digits.folder.parent, "--top-k", "3")
    done = run("evaluate", images, *labels, *options, EVALUATION_DIR=str(folder / "evaluations"))
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return report


@pytest.mark.parametrize("form", ["images", "classes"])
def test_the_figures_are_those_of_scikit_learn_and_of_mindspore(digits: StoredModel, form: str, tmp_path: Path) -> None:
    from sklearn.metrics import (
        accuracy_score,
        confusion_matrix,
        precision_score,
        recall_score,
        top_k_accuracy_score,
    )  # slow to import

    report = evaluate(digits, "mixed", form, tmp_path)
    (log,) = (tmp_path / "evaluations").glob("*/predictions.jsonl")
    records = list(PredictionLog(log).read())
    truth, best = [record.label for record in records], [record.top[0][0] for record in records]
    scores = [[dict(record.top)[label] for label in CLASSES] for record in records]

    with (zoo_folder("resnext_digits") / "accuracy.csv").open() as file:
        last = list(csv.DictReader(file))[-1]  # MindSpore's, after the epoch that was exported
    assert report["accuracy"]["top1"]["correct"] == int(last["top1"]) == 356
    assert report["accuracy"]["top1"]["total"] == report["denominators"]["decoded"] == int(last["images"]) == 359
    assert report["accuracy"]["top1"]["value"] == pytest.approx(accuracy_score(truth, best))
    assert report["accuracy"]["top3"]["value"] == pytest.approx(top_k_accuracy_score(truth, scores, k=3, labels=CLASSES))
    recall = recall_score(truth, best, labels=CLASSES, average=None)
    precision = precision_score(truth, best, labels=CLASSES, average=None)
    assert [row["recall"] for row in report["per_class"]] == pytest.approx(list(recall))
    assert [row["precision"] for row in report["per_class"]] == pytest.approx(list(precision))
    wrong = confusion_matrix(truth, best, labels=CLASSES)
    assert sum(pair["count"] for pair in report["confused"]) == wrong.sum() - wrong.trace() == 3


def test_the_same_digits_drawn_blocky(digits: StoredModel, tmp_path: Path) -> None:
    assert evaluate(digits, "blocky", "images", tmp_path)["accuracy"]["top1"]["correct"] >= 0.97 * 359
