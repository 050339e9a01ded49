"""The commands that remedies print; tests/remedies runs them."""

from pathlib import Path

from models.manifest import Artifact, ModelManifest, Origin
from models.rebuild_command import (
    calibrate_command,
    fold_command,
    labels_remedy,
    prepare_remedy,
    rebuild_remedy,
    scores_command,
    uncalibrate_command,
)
from models.store import zoo_manifest

STORE = Path("my store")
BARE = zoo_manifest("resnext101_32x4d")


def changed(**changes: object) -> ModelManifest:
    return BARE.model_copy(update=changes)


def test_a_model_of_the_zoo() -> None:
    digits = zoo_manifest("resnext_digits")
    assert prepare_remedy(digits, STORE) == "Run: ascend-classify models prepare resnext_digits --model-store 'my store'"
    own = "ascend-classify convert import FILE resnext101_32x4d --transform TRANSFORM --model-store 'my store'."
    assert f"Import yours, with the transform of its training: {own}" in prepare_remedy(BARE, STORE)
    again = "Prepare the model again: ascend-classify models prepare resnext_digits --force --model-store 'my store'"
    assert rebuild_remedy(digits, STORE / "resnext_digits") == labels_remedy(digits, STORE / "resnext_digits") == again


def test_random_weights_with_batches() -> None:
    random = changed(version="random", artifacts=(Artifact(file="a.onnx", sha256="0" * 64, batch_sizes=(1, 4)),))
    assert "resnext101_32x4d --random --batch-sizes 1,4 --force" in rebuild_remedy(random, STORE / BARE.name)


def test_an_import_keeps_what_the_user_said() -> None:
    imported = changed(version="7", origin=Origin(file="my weights.pth", sha256="0" * 64, format="torch"))
    words = "convert import 'my weights.pth' resnext101_32x4d --version 7 --recipe 'my store/resnext101_32x4d/manifest.toml' --force"
    assert words in rebuild_remedy(imported, STORE / BARE.name)


def test_an_import_keeps_what_the_user_said_of_the_output() -> None:
    origin = Origin(file="net.onnx", sha256="0" * 64, format="onnx", output="my logits", score_type="logit")
    words = "--recipe 'my store/resnext101_32x4d/manifest.toml' --output 'my logits' --score-type logit --force"
    assert words in rebuild_remedy(changed(origin=origin), STORE / BARE.name)


def test_a_model_by_hand_and_a_chip() -> None:
    folder = STORE / BARE.name
    assert "convert cpu resnext101_32x4d --network FILE.onnx" in rebuild_remedy(BARE, folder)
    assert labels_remedy(BARE, folder).startswith("Put the labels of the model back: my store/resnext101_32x4d/imagenet.names")
    assert rebuild_remedy(BARE, folder, "Ascend310").startswith(
        "Compile it again: ascend-classify convert atc resnext101_32x4d --soc Ascend310"
    )
    assert fold_command(BARE, folder) == "ascend-classify convert cpu resnext101_32x4d --model-store 'my store'"


def test_an_om_that_was_adopted_as_a_model_of_the_zoo_is_not_deleted() -> None:
    """The manifests of earlier versions have the zoo's weights beside the version of the OM."""
    om = Artifact(file="a.om", sha256="abcdef01" * 8, soc="Ascend310", declared=True)
    adopted = zoo_manifest("resnext_digits").model_copy(update={"version": "abcdef01", "artifacts": (om,)})
    assert "convert cpu resnext_digits --network FILE.onnx" in rebuild_remedy(adopted, STORE / "resnext_digits")
    assert labels_remedy(adopted, STORE / "resnext_digits").startswith("Put the labels of the model back")
    beside = adopted.model_copy(update={"version": "1"})
    assert "models prepare resnext_digits --force" in rebuild_remedy(beside, STORE / "resnext_digits")


def test_what_calibrates() -> None:
    folder = STORE / BARE.name
    assert scores_command(BARE, folder) == "ascend-classify evaluate FOLDER --model resnext101_32x4d --scores --model-store 'my store'"
    assert calibrate_command(BARE, folder) == "ascend-classify models calibrate resnext101_32x4d EVALUATION --model-store 'my store'"
    assert uncalibrate_command(BARE, folder) == "ascend-classify models calibrate resnext101_32x4d --remove --model-store 'my store'"
