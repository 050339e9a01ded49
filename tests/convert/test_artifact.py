import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from convert.artifact import convert_cpu, plain_network, write_artifact, write_cpu_file
from convert.conversion_errors import ConvertError
from convert.fold import fold
from convert.networks.architectures import build_network, random_weights
from convert.networks.plain_network import weights_sha256
from models.manifest import Artifact, ModelManifest
from models.model_errors import ArtifactDamaged
from models.store import ModelStore, StoredModel, sha256_of, zoo_manifest
from models.store_writer import add_artifact, place_model, workshop
from tests.convert.cpu_model_made import cpu_model
from tests.made_model import quantisation_of

Run = Callable[[bytes | Path, np.ndarray], np.ndarray]

MANIFEST = zoo_manifest("efficientnet_lite0").model_copy(update={"classes": 10})


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return random_weights("efficientnet_lite0", 10, 0)


def test_gears_answer_as_batch_one(run: Run, photos: dict[str, np.ndarray], efficientnet_weights: dict[str, np.ndarray]) -> None:
    manifest = zoo_manifest("efficientnet_lite0")
    gears = cpu_model(manifest, efficientnet_weights, (1, 2, 4, 8)).SerializeToString()
    single = cpu_model(manifest, efficientnet_weights, (1,)).SerializeToString()
    batch = np.stack([photos["cat"], photos["coffee"], photos["cat"][::-1], photos["coffee"][:, ::-1]])
    expected = np.concatenate([run(single, image[None]) for image in batch])
    np.testing.assert_allclose(run(gears, batch), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(run(gears, batch[:2]), expected[:2], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("batch_sizes", "first"), [((1,), 1), ((4,), 4), ((1, 2, 4, 8), "N")])
def test_the_contract(weights: dict[str, np.ndarray], tmp_path: Path, batch_sizes: tuple[int, ...], first: int | str) -> None:
    artifact = write(weights, tmp_path / "model.onnx", batch_sizes)
    graph = onnx.load(tmp_path / "model.onnx").graph
    (pixels,), (scores,) = graph.input, graph.output
    assert (pixels.name, pixels.type.tensor_type.elem_type, dimensions(pixels)) == ("image", TensorProto.UINT8, [first, 224, 224, 3])
    assert (scores.name, scores.type.tensor_type.elem_type, dimensions(scores)) == ("scores", TensorProto.FLOAT, [first, 10])
    assert (artifact.file, artifact.soc, artifact.batch_sizes) == ("model.onnx", "cpu", batch_sizes)
    assert artifact.sha256 == sha256_of(tmp_path / "model.onnx")


def write(weights: dict[str, np.ndarray], path: Path, batch_sizes: tuple[int, ...]) -> Artifact:
    return write_artifact(cpu_model(MANIFEST, weights, batch_sizes), path, batch_sizes)


def dimensions(value: onnx.ValueInfoProto) -> list[int | str]:
    return [dimension.dim_param or dimension.dim_value for dimension in value.type.tensor_type.shape.dim]


def test_the_metadata(weights: dict[str, np.ndarray]) -> None:
    facts = {fact.key: fact.value for fact in cpu_model(MANIFEST, weights, (1, 2, 4, 8)).metadata_props}
    assert facts == {
        "model": "efficientnet_lite0",
        "version": "1",
        "recipe_sha256": MANIFEST.recipe.sha256,
        "batch_sizes": "1,2,4,8",
    }


def test_the_same_bytes_and_nothing_beside_them(weights: dict[str, np.ndarray], tmp_path: Path) -> None:
    first = write(weights, tmp_path / "a.onnx", (1,))
    assert write(weights, tmp_path / "b.onnx", (1,)).sha256 == first.sha256
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.onnx", "b.onnx"]
    assert stat.S_IMODE((tmp_path / "a.onnx").stat().st_mode) == 0o640


@pytest.mark.parametrize("batch_sizes", [(), (0,), (-1, 1), (2, 1), (1, 1)])
def test_batch_sizes_must_rise(weights: dict[str, np.ndarray], batch_sizes: tuple[int, ...]) -> None:
    with pytest.raises(ConvertError, match="positive and in rising order"):
        cpu_model(MANIFEST, weights, batch_sizes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"_fc.bias": None}, r"1 missing: _fc.bias \(10,\)"),
        ({"_fc.bias": np.zeros(9)}, r"1 of another shape: _fc.bias \(9,\) for \(10,\)"),
        ({"extra": np.zeros(3)}, r"1 unknown to the network: extra \(3,\)"),
    ],
)
def test_weights_must_fit(weights: dict[str, np.ndarray], tmp_path: Path, change: dict[str, np.ndarray | None], message: str) -> None:
    changed = {name: array for name, array in {**weights, **change}.items() if array is not None}
    with pytest.raises(ConvertError, match=message):
        write(changed, tmp_path / "model.onnx", (1,))
    assert list(tmp_path.iterdir()) == []


def test_step_counters_are_no_parameters(weights: dict[str, np.ndarray]) -> None:
    counted = {**weights, "_bn0.num_batches_tracked": np.array(5)}
    assert cpu_model(MANIFEST, counted, (1,)) == cpu_model(MANIFEST, weights, (1,))


def test_an_unknown_architecture() -> None:
    manifest: ModelManifest = MANIFEST.model_copy(update={"architecture": "vgg"})
    with pytest.raises(ConvertError, match="Unknown architecture 'vgg'"):
        cpu_model(manifest, {}, (1,))


@pytest.fixture
def stored(weights: dict[str, np.ndarray], tmp_path: Path) -> StoredModel:
    def fill(folder: Path) -> Artifact:
        (folder / MANIFEST.labels).write_bytes(b"")
        return write(weights, folder / "m.onnx", (1,))

    return place_model(ModelStore(tmp_path / "store"), MANIFEST, fill)


def test_the_plain_network_of_a_model(stored: StoredModel, weights: dict[str, np.ndarray]) -> None:
    assert plain_network(stored) == build_network(MANIFEST.architecture, weights, 10)


def test_a_model_is_built_again(stored: StoredModel) -> None:
    model = convert_cpu(stored, batch_sizes=(1, 2))
    assert model.check_artifact("cpu")[0].batch_sizes == (1, 2)
    again = convert_cpu(model)
    assert again.manifest == model.manifest
    assert convert_cpu(again, batch_sizes=(1,)).manifest == stored.manifest
    assert sorted(path.name for path in model.folder.iterdir()) == ["imagenet.names", "m.onnx", "manifest.toml"]


def test_another_export_of_the_same_network(stored: StoredModel, weights: dict[str, np.ndarray], tmp_path: Path) -> None:
    network = build_network(MANIFEST.architecture, weights, 10)
    for tensor in network.graph.initializer:
        if tensor.name == "_fc.bias":
            tensor.name = "other name"
    network.graph.node[-1].input[2] = "other name"
    (tmp_path / "same.onnx").write_bytes(network.SerializeToString())
    assert convert_cpu(stored, network=tmp_path / "same.onnx").check_artifact("cpu")[0].batch_sizes == (1,)


def test_another_networks_weights_want_force(stored: StoredModel, tmp_path: Path) -> None:
    other = build_network(MANIFEST.architecture, random_weights(MANIFEST.architecture, 10, 1), 10)
    (tmp_path / "other.onnx").write_bytes(other.SerializeToString())
    with pytest.raises(ConvertError, match=r"has other weights than 'efficientnet_lite0'.*--force"):
        convert_cpu(stored, network=tmp_path / "other.onnx")
    forced = convert_cpu(stored, network=tmp_path / "other.onnx", force=True)
    assert weights_sha256(plain_network(forced)) == weights_sha256(other)


def quantised(model: StoredModel) -> StoredModel:
    """The model with an int8 artifact, whose pixels are rounded before the network."""
    network = plain_network(model)
    steps = {"step": np.float32(0.05), "none": np.uint8(128)}
    for each in network.graph.node:
        each.input[:] = ["rounded" if name == "image" else name for name in each.input]
    network.graph.node.insert(0, helper.make_node("QuantizeLinear", ["image", "step", "none"], ["steps"]))
    network.graph.node.insert(1, helper.make_node("DequantizeLinear", ["steps", "step", "none"], ["rounded"]))
    network.graph.initializer.extend(numpy_helper.from_array(np.asarray(value), name) for name, value in steps.items())
    folded, made_of = fold(network, model.manifest, (1,), "int8"), quantisation_of(model.manifest.artifacts[0])
    with workshop(model.folder.parent) as folder:
        return add_artifact(model, folder / "m.int8.onnx", write_artifact(folded, folder / "m.int8.onnx", (1,), made_of))


def test_the_int8_artifact_is_folded_again_with_the_other(stored: StoredModel) -> None:
    model = quantised(stored)
    recipe = model.manifest.recipe.model_copy(update={"mean": (1.0, 2.0, 3.0)})
    model.manifest.model_copy(update={"recipe": recipe}).write(model.folder / "manifest.toml")
    model = convert_cpu(ModelStore(model.folder.parent).open(model.manifest.name), batch_sizes=(1, 2))
    f32, int8 = (model.check_artifact("cpu", precision)[0] for precision in ("f32", "int8"))
    assert (f32.batch_sizes, int8.batch_sizes) == ((1, 2), (1, 2))
    assert int8.quantisation == quantisation_of(f32)
    assert "QuantizeLinear" in {each.op_type for each in onnx.load(model.folder / "m.int8.onnx").graph.node}


def test_the_int8_artifact_goes_with_its_weights(stored: StoredModel, tmp_path: Path) -> None:
    other = build_network(MANIFEST.architecture, random_weights(MANIFEST.architecture, 10, 1), 10)
    (tmp_path / "other.onnx").write_bytes(other.SerializeToString())
    forced = convert_cpu(quantised(stored), network=tmp_path / "other.onnx", force=True)
    assert [each.target for each in forced.manifest.artifacts] == ["cpu"]
    assert not (forced.folder / "m.int8.onnx").exists()


def test_an_export_that_normalises_itself_is_another_model(stored: StoredModel, weights: dict[str, np.ndarray], tmp_path: Path) -> None:
    network = build_network(MANIFEST.architecture, weights, 10)
    scale = helper.make_node("Div", ["image", "whole"], ["scaled"])
    for node in network.graph.node:
        node.input[:] = ["scaled" if name == "image" else name for name in node.input]
    network.graph.node.insert(0, scale)
    network.graph.initializer.append(numpy_helper.from_array(np.array(255, np.float32), "whole"))
    (tmp_path / "net.onnx").write_bytes(network.SerializeToString())
    with pytest.raises(ConvertError, match=r"or normalises them twice.*so the recipe only brings them to 0\.\.255"):
        convert_cpu(stored, network=tmp_path / "net.onnx", force=True)


def test_a_damaged_artifact_is_mended_from_a_plain_network(stored: StoredModel, weights: dict[str, np.ndarray], tmp_path: Path) -> None:
    (stored.folder / "m.onnx").write_bytes(b"damaged")
    with pytest.raises(ArtifactDamaged):
        convert_cpu(stored)
    (tmp_path / "plain.onnx").write_bytes(build_network(MANIFEST.architecture, weights, 10).SerializeToString())
    assert convert_cpu(stored, network=tmp_path / "plain.onnx").manifest == stored.manifest


def test_into_a_file(stored: StoredModel, tmp_path: Path) -> None:
    write_cpu_file(stored, tmp_path / "a name of its own.onnx")
    assert sha256_of(tmp_path / "a name of its own.onnx") == stored.manifest.artifacts[0].sha256
    write_cpu_file(stored, tmp_path / "plain.onnx", plain=True)
    assert onnx.load(tmp_path / "plain.onnx") == plain_network(stored)
