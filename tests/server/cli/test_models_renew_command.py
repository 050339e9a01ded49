"""`models renew`, and that the command line says when it is needed."""

import json
import re
import shlex
import shutil
from pathlib import Path

import onnx
import pytest

from models.store import ModelStore, sha256_of
from tests.level_model import level_png, store_level_model
from tests.server.cli.command import run

PHOTOS = Path(__file__).parents[2] / "photos"
NAME = "efficientnet_lite0"


@pytest.fixture
def outdated(model_store: ModelStore, tmp_path: Path) -> ModelStore:
    """A store of the version before."""
    shutil.copytree(model_store.root, tmp_path / "store")
    manifest = tmp_path / "store" / NAME / "manifest.toml"
    manifest.write_text(manifest.read_text("utf-8").replace('soc = "cpu"', 'soc = "host"'), "utf-8")
    return ModelStore(tmp_path / "store")


def remedy(stderr: str) -> list[str]:
    """The arguments of the command that a refusal prints."""
    found = re.search(r"Run: (ascend-classify .*) \[", stderr)
    assert found, stderr
    return shlex.split(found[1])[1:]


def test_the_printed_command_mends_it(outdated: ModelStore) -> None:
    classify = ("classify", PHOTOS / "cat.png", "--top-k", "1", "--model-store", outdated.root)
    refused = run(*classify)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: {outdated.root}/{NAME}/manifest.toml: the soc 'host' is now called 'cpu'. Run: ")
    assert refused.stderr.endswith("[manifest_invalid]\n")
    mended = run(*remedy(refused.stderr))
    assert mended.stdout == f"{outdated.root}/{NAME}/manifest.toml is renewed: the soc host is now called cpu.\n"
    assert "Egyptian cat" in run(*classify).stdout
    assert run("convert", "inspect", NAME, "--model-store", outdated.root).returncode == 0


def test_the_default_store(outdated: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    outdated.root.rename("model_store")
    arguments = remedy(run("models", "show", NAME).stderr)
    assert arguments == ["models", "renew", NAME, "--model-store", "model_store"]
    assert run(*arguments).returncode == 0
    assert run("models", "renew", NAME).stdout == f"{NAME} is current: there is nothing to renew.\n"


def test_preparing_does_not_go_past_it(outdated: ModelStore) -> None:
    prepare = ("models", "prepare", NAME, "--model-store", outdated.root, "--force")
    refused = run(*prepare)
    assert (refused.returncode, remedy(refused.stderr)[:3]) == (1, ["models", "renew", NAME])


def test_the_list_has_the_others(outdated: ModelStore) -> None:
    listed = run("models", "list", "--json", MODEL_STORE=str(outdated.root))
    assert listed.returncode == 0
    rows = {row["name"]: row for row in json.loads(listed.stdout)}
    assert f"Run: ascend-classify models renew {NAME}" in rows[NAME]["problem"]
    assert rows["resnext_digits"]["description"] == "Small ResNeXt, handwritten digits 0 to 9"


def test_weights_in_several_files_become_one(tmp_path: Path) -> None:
    model = store_level_model(tmp_path)
    path, photo = model.folder / "level.onnx", tmp_path / "level.png"
    photo.write_bytes(level_png(20))
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="level.data", size_threshold=0)
    manifest = (model.folder / "manifest.toml").read_text("utf-8").replace(model.manifest.artifacts[0].sha256, sha256_of(path))
    (model.folder / "manifest.toml").write_text(manifest, "utf-8")
    classify = ("classify", photo, "--model", "level", "--model-store", tmp_path)
    refused = run(*classify)
    assert refused.returncode == 1
    printed = re.search(r"put them into the one file: (ascend-classify .*) \[artifact_damaged\]", refused.stderr)
    assert printed, refused.stderr
    renewed = run(*shlex.split(printed[1])[1:])
    assert renewed.stdout == f"{model.folder} is renewed: all weights are in the one ONNX file of the manifest.\n"
    (model.folder / "level.data").write_bytes(b"")
    assert "level 20" in run(*classify).stdout
    assert run(*shlex.split(printed[1])[1:]).stdout == "level is current: there is nothing to renew.\n"
