import json
from pathlib import Path

from models.store import ModelStore
from tests.server.cli.command import run


def test_the_geometry_is_the_manifest_s(model_store: ModelStore, tmp_path: Path) -> None:
    config = tmp_path / "classifier.json"
    done = run("models", "classifier-config", "efficientnet_lite0", "-o", config, "--model-store", model_store.root)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{config} is written\n", "")
    found = json.loads(config.read_text())
    assert Path(found["model_path"]).with_suffix(".onnx").is_file()
    assert (found["resize_width_px"], found["classes"], found["top_k"], found["lanes"]) == (224, 1000, 16, 2)


def test_an_artifact_of_one_s_own_needs_no_store(tmp_path: Path) -> None:
    options = ("--artifact", tmp_path / "mine.om", "--ranking", "sdk", "--model-store", tmp_path)
    found = json.loads(run("models", "classifier-config", "resnext101_32x4d", *options).stdout)
    assert (found["model_path"], found["ranking"], found["resize_width_px"]) == (str(tmp_path / "mine.om"), "sdk", 256)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    done = run("models", "classifier-config", "resnext101_32x4d", "--model-store", tmp_path)
    assert done.returncode == 1
    assert done.stderr.endswith("[model_not_prepared]\n")


def test_the_former_soc_names_the_new_one(model_store: ModelStore) -> None:
    command = ("models", "classifier-config", "efficientnet_lite0", "--model-store", model_store.root)
    done = run(*command, "--soc", "host")
    assert (done.returncode, done.stderr) == (1, "error: The soc host is now called cpu. Write it as --soc cpu [setting_invalid]\n")
    assert run(*command, "--soc", "cpu").stdout == run(*command).stdout


def test_the_environment_is_asked_as_by_other_commands(model_store: ModelStore) -> None:
    done = run("models", "classifier-config", "efficientnet_lite0", "--model-store", model_store.root, PRECISION="bf16", DECODE="reduced")
    found = json.loads(done.stdout)
    assert (found["precision"], found["decode"]) == ("bf16", "reduced")
