"""`serve`, where it cannot."""

import shutil
from pathlib import Path

import pytest

from models.store import ModelStore
from tests.server.cli.command import run_forked


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("serve", "--model", "nonsense"), "model_not_found"),
        (("serve", "--model", "resnext101_32x4d"), "model_not_prepared"),
        (("serve", "--engines", "warp"), "engine_unavailable"),
        (("serve", "--port", "99999"), "setting_invalid"),
        (("serve", "--pipeline", "nonsense.pipeline"), "engine_unavailable"),
        (("serve", "--runtime", "ascend"), "model_not_prepared"),
        (("serve", "--host", "203.0.113.1"), "setting_invalid"),
    ],
)
def test_a_server_that_cannot_start_says_why_and_exits_1(model_store: ModelStore, arguments: tuple[str, ...], code: str) -> None:
    done = run_forked(*arguments, MODEL_STORE=str(model_store.root), PORT="0")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: ")
    assert last.endswith(f"[{code}]")
    assert "Traceback" not in done.stderr


def test_a_tampered_model_is_not_served(model_store: ModelStore, tmp_path: Path) -> None:
    shutil.copytree(model_store.root, tmp_path / "store")
    with (tmp_path / "store" / "efficientnet_lite0" / "efficientnet_lite0.onnx").open("ab") as file:
        file.write(b"x")
    done = run_forked("serve", MODEL_STORE=str(tmp_path / "store"), PORT="0")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("[artifact_damaged]")
