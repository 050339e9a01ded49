"""`models`."""

import json
from pathlib import Path

from models.store import ModelStore
from tests.server.cli.command import run


def test_models_list_and_show(model_store: ModelStore) -> None:
    rows = json.loads(run("models", "list", "--json", MODEL_STORE=str(model_store.root)).stdout)
    assert {row["name"]: row["prepared"] for row in rows} == {
        "efficientnet_lite0": True,
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
