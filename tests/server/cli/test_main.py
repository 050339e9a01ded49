"""The command line, run as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.store import ModelStore

PHOTOS = Path(__file__).parents[2] / "photos"


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server", *map(str, arguments)]
    return subprocess.run(
        command, env=os.environ | {"COLUMNS": "140"} | environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_classify_prints_the_classes(model_store: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "no image.txt").write_text("text")
    done = run("classify", PHOTOS / "cat.png", tmp_path / "no image.txt", PHOTOS / "coffee.png", "--model-store", model_store.root)
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


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("serve", "--model", "nonsense"), "model_not_found"),
        (("serve", "--model", "resnext101_32x4d"), "model_not_prepared"),
        (("serve", "--engines", "warp"), "engine_unavailable"),
        (("serve", "--port", "99999"), "setting_invalid"),
        (("serve", "--pipeline", "nonsense.pipeline"), "engine_unavailable"),
        (("serve", "--runtime", "ascend"), "model_not_prepared"),
        (("serve", "--host", "203.0.113.1"), "port_taken"),
    ],
)
def test_a_server_that_cannot_start_says_why_and_exits_1(model_store: ModelStore, arguments: tuple[str, ...], code: str) -> None:
    done = run(*arguments, MODEL_STORE=str(model_store.root), PORT="0")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: ")
    assert last.endswith(f"[{code}]")
    assert "Traceback" not in done.stderr


def test_a_tampered_model_is_not_served(model_store: ModelStore, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(model_store.root, tmp_path / "store")
    with (tmp_path / "store" / "efficientnet_lite0" / "efficientnet_lite0.onnx").open("ab") as file:
        file.write(b"x")
    done = run("serve", MODEL_STORE=str(tmp_path / "store"), PORT="0")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("[artifact_damaged]")


@pytest.mark.parametrize("command", [(), ("serve",), ("classify",), ("models",), ("models", "prepare")])
def test_help(command: tuple[str, ...]) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_the_command_line_itself_is_light() -> None:
    """What a command needs is imported when it is called: `--help` answers at once, and ATC's environment has nothing of ours."""
    program = "import sys, server.cli; print(sorted({'cv2', 'numpy', 'onnx', 'openvino', 'fastapi'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
