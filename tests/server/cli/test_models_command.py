"""`models`."""

import json
from pathlib import Path

import pytest

from models.store import ModelStore
from tests.level_model import level_png, store_level_model
from tests.server.cli.command import run


def test_models_list_and_show(model_store: ModelStore) -> None:
    rows = json.loads(run("models", "list", "--json", MODEL_STORE=str(model_store.root)).stdout)
    assert {row["name"]: row["prepared"] for row in rows} == {
        "efficientnet_lite0": True,
        "efficientnet_lite1": False,
        "efficientnet_lite2": False,
        "resnext50_32x4d": False,
        "resnext101_32x4d": False,
        "resnext_digits": False,
    }
    shown = json.loads(run("models", "show", "resnext101_32x4d", "--json").stdout)
    assert (shown["recipe"]["resize_width_px"], shown["recipe"]["crop_width_px"], shown["artifacts"]) == (256, 224, [])
    assert 'name = "efficientnet_lite0"' in run("models", "show", "efficientnet_lite0", MODEL_STORE=str(model_store.root)).stdout


def test_prepare_without_weights_names_the_ways(tmp_path: Path) -> None:
    done = run("models", "prepare", "resnext101_32x4d", "--model-store", tmp_path)
    assert done.returncode == 1
    assert "[weights_missing]" in done.stderr
    for way in ("models/training", "convert import", "--random"):
        assert way in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_prepare_twice_is_quick_and_the_same(tmp_path: Path) -> None:
    first = run("models", "prepare", "efficientnet_lite0", "--model-store", tmp_path)
    manifest = (tmp_path / "efficientnet_lite0" / "manifest.toml").read_bytes()
    assert (first.returncode, run("models", "prepare", "efficientnet_lite0", "--model-store", tmp_path).returncode) == (0, 0)
    assert (tmp_path / "efficientnet_lite0" / "manifest.toml").read_bytes() == manifest


@pytest.mark.parametrize(
    "words",
    [
        ("classify", "val/a.png", "--model", "level"),
        ("infer-dir", "val", "results", "--model", "level"),
        ("evaluate", "set", "--model", "level"),
        ("models", "golden", "level", "val/a.png"),
        ("convert", "parity", "level", "level@cpu", "val/a.png"),
        ("models", "classifier-config", "level"),
        ("serve", "--model", "level"),
    ],
)
def test_no_command_uses_an_artifact_of_another_recipe(tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    model = store_level_model(tmp_path / "store")
    recipe = model.manifest.recipe.model_copy(update={"mean": (1.0, 1.0, 1.0)})
    model.manifest.model_copy(update={"recipe": recipe}).write(model.folder / "manifest.toml")
    for folder in ("val", "set/level 40"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.png").write_bytes(level_png(40))
    monkeypatch.chdir(tmp_path)
    done = run(*words, MODEL_STORE="store", EVALUATION_DIR="runs", PORT="0")
    assert done.returncode == 1
    assert "level.onnx and the manifest of 'level' disagree: the artifact has the recipe " in done.stderr
    assert done.stdout == ""
