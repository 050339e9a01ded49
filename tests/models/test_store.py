from dataclasses import replace
from pathlib import Path

import onnx
import pytest

from models.artifact_facts import read_artifact_facts
from models.manifest import ModelManifest, Origin
from models.model_errors import ArtifactDamaged, ManifestInvalid, ModelNotFound, ModelNotPrepared, StoreRefused
from models.store import ModelStore, StoredModel, name_of_one, sha256_of, zoo_folder, zoo_manifest, zoo_names
from tests.level_model import add_quantised_level, store_level_model


@pytest.fixture
def level(tmp_path: Path) -> StoredModel:
    return store_level_model(tmp_path)


def test_a_stored_model(level: StoredModel) -> None:
    artifact, path = level.check_artifact("cpu")
    assert (artifact.file, artifact.batch_sizes) == ("level.onnx", (1,))
    assert path == level.folder / "level.onnx"
    assert level.check_labels() == level.folder / "level.names"


def test_names_are_the_folders_with_a_manifest(tmp_path: Path) -> None:
    for name in ("b", "a"):
        store_level_model(tmp_path, name)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    store = ModelStore(tmp_path)
    assert store.names() == ["a", "b"]
    assert [model.manifest.name for model in store] == ["a", "b"]


def test_no_folder_is_an_empty_store(tmp_path: Path) -> None:
    assert ModelStore(tmp_path / "nowhere").names() == []


def test_a_tampered_file(level: StoredModel) -> None:
    path = level.folder / "level.onnx"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ArtifactDamaged) as caught:
        level.check_artifact("cpu")
    assert caught.value.message.startswith(f"{path} is not the file of the manifest: its sha256 is {sha256_of(path)[:12]}…")
    assert caught.value.remedy.endswith(f"convert cpu level --network FILE.onnx --model-store {level.folder.parent}")
    origin = Origin(file="mine.pth", sha256="0" * 64, format="torch zip")
    imported = replace(level, manifest=level.manifest.model_copy(update={"origin": origin}))
    with pytest.raises(ArtifactDamaged, match=r"convert import mine\.pth level --version 1 "):
        imported.check_artifact("cpu")


def test_a_missing_file(level: StoredModel) -> None:
    (level.folder / "level.names").unlink()
    with pytest.raises(ArtifactDamaged, match=r"level\.names is missing"):
        level.check_labels()


def test_no_artifact_for_the_device(level: StoredModel) -> None:
    with pytest.raises(ModelNotPrepared, match=r"no artifact for Ascend310 \(it has: cpu\)"):
        level.check_artifact("Ascend310")


def test_no_int8_artifact(level: StoredModel) -> None:
    with pytest.raises(ModelNotPrepared, match=r"has no artifact for cpu int8 \(it has: cpu\)") as caught:
        level.check_artifact("cpu", "int8")
    store = level.folder.parent
    assert caught.value.remedy == f"Quantise the model: ascend-classify convert quantize level --images DIR --model-store {store}"


def test_an_int8_artifact_is_checked_as_every_other(level: StoredModel) -> None:
    model = add_quantised_level(level)
    artifact, path = model.check_artifact("cpu", "int8")
    assert (artifact.computes, path.name, read_artifact_facts(path).precision) == ("int8", "level.int8.onnx", "int8")
    path.write_bytes(b"damaged")
    with pytest.raises(ArtifactDamaged, match="convert quantize level"):
        model.check_artifact("cpu", "int8")
    assert model.check_artifact("cpu")


def test_known_but_not_prepared(tmp_path: Path) -> None:
    with pytest.raises(ModelNotPrepared, match="Run: ascend-classify models prepare efficientnet_lite0"):
        ModelStore(tmp_path).open("efficientnet_lite0")


@pytest.mark.parametrize("name", ["nosuch", "", ".", "../level", "level\0", "a" * 5000])
def test_a_name_that_nobody_knows(level: StoredModel, name: str) -> None:
    with pytest.raises(ModelNotFound) as caught:
        ModelStore(level.folder.parent).open(name)
    assert caught.value.remedy == f"Known models: {', '.join(sorted(['level', *zoo_names()]))}"


def test_a_damaged_manifest(level: StoredModel) -> None:
    (level.folder / "manifest.toml").write_text("name = 1")
    with pytest.raises(ManifestInvalid):
        ModelStore(level.folder.parent).open("level")


@pytest.mark.parametrize("name", zoo_names())
def test_the_zoo(name: str) -> None:
    manifest = zoo_manifest(name)
    labels = zoo_folder(name) / manifest.labels
    assert manifest.name == name
    assert manifest.artifacts == ()
    assert manifest.labels_sha256 == sha256_of(labels)
    assert len(labels.read_bytes().splitlines()) == manifest.classes
    if manifest.evaluation:
        assert manifest.evaluation.sha256 == sha256_of(zoo_folder(name) / manifest.evaluation.file)


def test_the_names_of_the_zoo() -> None:
    assert zoo_names() == [
        "efficientnet_lite0",
        "efficientnet_lite1",
        "efficientnet_lite2",
        "resnext101_32x4d",
        "resnext50_32x4d",
        "resnext_digits",
    ]


def test_a_name_that_the_zoo_does_not_know() -> None:
    with pytest.raises(ModelNotFound, match="The zoo has no model 'nosuch'"):
        zoo_manifest("nosuch")


def test_the_manifest_is_what_was_written(level: StoredModel) -> None:
    assert ModelManifest.read(level.folder / "manifest.toml") == level.manifest


def test_the_manifest_of_the_store_goes_before_that_of_the_zoo(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    assert store.manifest("resnext101_32x4d") == zoo_manifest("resnext101_32x4d")
    (tmp_path / "resnext101_32x4d").mkdir()
    mine = zoo_manifest("resnext101_32x4d").model_copy(update={"version": "mine"})
    mine.write(tmp_path / "resnext101_32x4d/manifest.toml")
    assert store.manifest("resnext101_32x4d") == mine
    with pytest.raises(ModelNotFound):
        store.manifest("vgg")


def test_weights_beside_the_artifact_are_refused_with_a_command(level: StoredModel) -> None:
    path = level.folder / "level.onnx"
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="level.data", size_threshold=0)
    artifact = level.manifest.artifacts[0].model_copy(update={"sha256": sha256_of(path)})
    split = replace(level, manifest=level.manifest.model_copy(update={"artifacts": (artifact,)}))
    with pytest.raises(ArtifactDamaged) as caught:
        split.check_artifact("cpu")
    assert caught.value.message == f"{path} keeps weights in level.data, of which the manifest has no sha256."
    assert caught.value.remedy.endswith(f": ascend-classify models renew level --model-store {level.folder.parent}")


@pytest.fixture
def one(level: StoredModel) -> ModelStore:
    """The folder of a model, by another name than the model's, as KServe mounts it."""
    return ModelStore(level.folder.rename(level.folder.parent / "models"))


def test_the_folder_of_one_model_is_a_store_of_it(one: ModelStore) -> None:
    assert one.names() == ["level"]
    assert [model.folder for model in one] == [one.root]
    assert one.open("level").check_artifact("cpu")[1] == one.root / "level.onnx"
    with pytest.raises(ModelNotFound, match=r"is the folder of the model 'level', and not of 'efficientnet_lite0'\. Use MODEL=level"):
        one.open("efficientnet_lite0")
    with pytest.raises(StoreRefused, match=r"models is the folder of one model, .*Name the folder around it"):
        one.check_takes_models()


def test_a_command_names_the_folder_of_one_model(one: ModelStore) -> None:
    (one.root / "level.onnx").unlink()
    with pytest.raises(ArtifactDamaged) as caught:
        one.open("level").check_artifact("cpu")
    assert caught.value.remedy.endswith(f"--model-store {one.root}")


def test_the_name_of_one_model(one: ModelStore) -> None:
    assert (name_of_one(one.root), name_of_one(one.root.parent)) == ("level", "")
    (one.root / "manifest.toml").write_text("name = 5")
    assert name_of_one(one.root) == ""
