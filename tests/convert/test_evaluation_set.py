import io
import stat
import zipfile
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

import models.store
from convert.evaluation_set import unpack, unpack_evaluation
from convert.prepare import prepare
from models.manifest import EvaluationSet, Weights
from models.model_errors import ArtifactDamaged
from models.store import ModelStore, sha256_of, zoo_folder, zoo_manifest

DIGITS = "resnext_digits"


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def test_a_set_as_list_and_as_class_folders(tmp_path: Path) -> None:
    members = {"mixed/b/one.png": b"1", "mixed/a/two.png": b"2", "plain/a/one.png": b"3", "plain/b/two.png": b"4"}
    unpack(archive(tmp_path / "set.zip", members), 2, tmp_path / "evaluation")
    assert (tmp_path / "evaluation/mixed/val_label.txt").read_text() == "one.png 1\ntwo.png 0\n"
    for picture in ("images/one.png", "classes/b/one.png"):
        path = tmp_path / "evaluation/mixed" / picture
        assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"1", 0o640)
    assert stat.S_IMODE((tmp_path / "evaluation/plain/classes").stat().st_mode) == 0o750


@pytest.mark.parametrize(
    "members",
    [
        {"../a/one.png": b""},
        {"/mixed/a/one.png": b""},
        {"mixed/a/one.txt": b""},
        {"mixed/a/one.png": bytes((1 << 20) + 1)},
        {"mixed/a/one.png": b"", "mixed/b/one.png": b""},
        {"mixed/a/one.png": b""},
        {f"mixed/a/{index}.png": b"" for index in range(10_001)},
    ],
    ids=["outside", "absolute", "no_picture", "too_large", "same_name", "class_missing", "too_many"],
)
def test_an_archive_that_is_none_of_ours(tmp_path: Path, members: dict[str, bytes]) -> None:
    with pytest.raises(ArtifactDamaged):
        unpack(archive(tmp_path / "set.zip", members), 2, tmp_path / "evaluation")
    assert not (tmp_path / "evaluation").exists()


@given(st.data())
def test_damaged_bytes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mixed/a/one.png", b"1" * 50)
        file.writestr("mixed/b/two.png", b"2" * 50)
    damaged = bytearray(content.getvalue())
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=4)):
        damaged[place] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "set.zip").write_bytes(damaged)
    with suppress(ArtifactDamaged):
        unpack(folder / "set.zip", 2, folder / "out" / "evaluation")
    assert {path.name for path in folder.iterdir()} <= {"set.zip", "out"}


def test_the_digits(tmp_path: Path) -> None:
    unpack_evaluation(zoo_manifest(DIGITS), tmp_path)
    for name, sides in (("mixed", range(32, 97)), ("blocky", range(64, 65))):
        folder = tmp_path / "evaluation" / name
        labels = dict(line.split() for line in (folder / "val_label.txt").read_text().splitlines())
        assert len(labels) == 359
        assert sorted(labels) == sorted(path.name for path in (folder / "images").iterdir())
        for label in map(str, range(10)):
            of_class = sorted(name for name, wanted in labels.items() if wanted == label)
            assert of_class == sorted(path.name for path in (folder / "classes" / label).iterdir())
            assert 35 <= len(of_class) <= 37
        shapes = {cv2.imread(str(path), cv2.IMREAD_UNCHANGED).shape for path in (folder / "images").iterdir()}  # type: ignore[union-attr]
        assert all(height == width and width in sides for height, width in shapes)


def test_another_archive_than_the_manifests() -> None:
    manifest = zoo_manifest(DIGITS)
    other = manifest.model_copy(update={"evaluation": EvaluationSet(file="digits.zip", sha256="0" * 64, licence="")})
    with pytest.raises(ArtifactDamaged, match=r"digits\.zip is not the file of the manifest"):
        unpack_evaluation(other, Path("nowhere"))


def small_network() -> onnx.ModelProto:
    nodes = [helper.make_node("Flatten", ["x"], ["flat"]), helper.make_node("Gemm", ["flat", "w"], ["y"])]
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 32, 32])
    scores = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 10])
    weight = numpy_helper.from_array(np.zeros((3 * 32 * 32, 10), np.float32), "w")
    return helper.make_model(helper.make_graph(nodes, "net", [image], [scores], [weight]), opset_imports=[helper.make_opsetid("", 13)])


@pytest.fixture
def zoo_with_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zoo whose model has its weights as a whole network, and a labelled set."""
    folder, package = tmp_path / "zoo" / DIGITS, tmp_path / "site" / "digits_network"
    for path in (folder, package):
        path.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "network.onnx").write_bytes(small_network().SerializeToString())
    monkeypatch.syspath_prepend(package.parent)
    for name in ("digits.names", "digits.zip"):
        (folder / name).write_bytes((zoo_folder(DIGITS) / name).read_bytes())
    weights = Weights(package="digits_network", file="network.onnx", sha256=sha256_of(package / "network.onnx"), licence="Apache-2.0")
    zoo_manifest(DIGITS).model_copy(update={"weights": weights}).write(folder / "manifest.toml")
    monkeypatch.setattr(models.store, "ZOO", folder.parent)


@pytest.mark.usefixtures("zoo_with_a_network")
def test_prepare_brings_network_and_set(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "store")
    model = prepare(DIGITS, store, batch_sizes=(1, 2))
    assert sorted(path.name for path in model.folder.iterdir()) == ["digits.names", "evaluation", "manifest.toml", f"{DIGITS}.onnx"]
    assert model.check_artifact("cpu")[0].batch_sizes == (1, 2)
    kept = model.check_artifact("cpu")[1].stat().st_ino
    assert prepare(DIGITS, store, batch_sizes=(1, 2)).check_artifact("cpu")[1].stat().st_ino == kept


@pytest.mark.usefixtures("zoo_with_a_network")
def test_a_set_that_was_deleted_comes_back(tmp_path: Path) -> None:
    folder = prepare(DIGITS, ModelStore(tmp_path / "store")).folder / "evaluation"
    folder.rename(tmp_path / "away")
    prepare(DIGITS, ModelStore(tmp_path / "store"))
    assert (folder / "mixed/val_label.txt").is_file()
