"""`classify`."""

import json
from pathlib import Path

import pytest

from models.store import ModelStore
from tests.server.cli.command import run, run_process

PHOTOS = Path(__file__).parents[2] / "photos"


def test_classify_prints_the_classes(model_store: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "no image.txt").write_text("text")
    done = run_process("classify", PHOTOS / "cat.png", tmp_path / "no image.txt", PHOTOS / "coffee.png", "--model-store", model_store.root)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[1].split(maxsplit=2) == ["0.7847", "285", "Egyptian cat"]
    assert "[unsupported_image]" in lines[7]
    assert lines[9].split(maxsplit=2) == ["0.9166", "967", "espresso"]


def test_classify_prints_json(model_store: ModelStore) -> None:
    done = run("classify", "--json", "--top-k", "1", *[PHOTOS / "cat.png"] * 100, MODEL_STORE=str(model_store.root))
    assert done.returncode == 0
    answers = [json.loads(line)["predictions"] for line in done.stdout.splitlines()]
    assert answers == [[{"class_id": 285, "label": "Egyptian cat", "score": pytest.approx(0.7847, abs=5e-4)}]] * 100
