import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from convert.conversion_errors import CheckpointRefused, ConvertError
from convert.exports.export_file import export_sha256
from convert.import_checkpoint import Wishes, import_checkpoint
from convert.networks.architectures import build_network, random_weights
from convert.networks.plain_network import weights_sha256
from convert.preprocessing.recipe_choice import RecipeWishes
from convert.preprocessing.said_recipe import Normalisation, SaidRecipe
from models.manifest import ModelManifest
from models.model_errors import ModelError
from models.store import ModelStore, sha256_of
from tests.convert.checkpoint_made import trained_weights, write_torch_legacy
from tests.convert.exports.exports_made import Export, step
from tests.convert.preprocessing.red_network import red_network
from tests.server.forked_command import ForkedCommand

Run = Callable[[bytes | Path, np.ndarray], np.ndarray]

ARCHITECTURE = "resnext_1-1_4x4d"
SMALL = Wishes(side_px=64)


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return trained_weights(ARCHITECTURE, 5)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, weights: dict[str, np.ndarray]) -> Path:
    counted = {**weights, "bn1.num_batches_tracked": np.array(7)}
    return write_torch_legacy(tmp_path_factory.mktemp("checkpoint") / "my weights.pth", counted)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "store")


def silent(_message: str) -> None:
    """Nobody listens."""


def take(path: Path, store: ModelStore, wishes: Wishes = SMALL, *, force: bool = False, plain: Path | None = None) -> ModelManifest:
    return import_checkpoint(path, store, wishes, force=force, plain=plain, progress=silent).manifest


def test_a_checkpoint(run: Run, checkpoint: Path, weights: dict[str, np.ndarray], store: ModelStore, tmp_path: Path) -> None:
    said: list[str] = []
    model = import_checkpoint(checkpoint, store, SMALL, plain=tmp_path / "plain.onnx", progress=said.append)
    manifest = model.manifest
    assert (manifest.name, manifest.architecture, manifest.classes) == (ARCHITECTURE, ARCHITECTURE, 5)
    assert manifest.origin
    assert (manifest.origin.file, manifest.origin.sha256) == ("my weights.pth", sha256_of(checkpoint))
    assert manifest.version == weights_sha256(build_network(ARCHITECTURE, weights, 5, (64, 64)))[:8]
    assert manifest.transform
    assert (manifest.transform.name, manifest.transform.resize_px, manifest.transform.crop_px) == ("torchvision-v1", 73, 64)
    assert model.check_labels().read_text().splitlines()[4] == "class 4"
    assert any("no labels for 5 classes" in line for line in said)
    assert any("Recipe: short side 73 bilinear" in line and "assumed: --resize" in line for line in said)

    pixels = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    image = ((pixels[..., ::-1] - np.array(manifest.recipe.mean)) / np.array(manifest.recipe.std)).transpose(0, 3, 1, 2).astype(np.float32)
    expected = run(build_network(ARCHITECTURE, weights, 5, (64, 64)).SerializeToString(), image)
    np.testing.assert_allclose(run(model.check_artifact("cpu")[1], pixels), expected, rtol=1e-4, atol=1e-4)
    assert (run(tmp_path / "plain.onnx", image) == expected).all()


def test_mindspores_weights_are_taken_for_this_projects(weights: dict[str, np.ndarray], store: ModelStore, tmp_path: Path) -> None:
    names = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
    stem = {name: ".".join(name.split(".")[:-1]) for name in weights}
    norms = {stem[name] for name in weights if name.endswith("running_mean")}
    renamed = {f"{stem[n]}.{names[n.split('.')[-1]]}" if stem[n] in norms else n: array for n, array in weights.items()}
    manifest = take(write_torch_legacy(tmp_path / "mindspore", renamed), store, Wishes(name="mine", version="7", batch_sizes=(1, 2)))
    assert (manifest.name, manifest.version, manifest.transform) == ("mine", "7", None)
    assert (manifest.recipe.resize, manifest.recipe.resize_width_px, manifest.recipe.crop_width_px) == ("stretch", 256, 224)
    assert manifest.artifacts[0].batch_sizes == (1, 2)


def network_of(weights: dict[str, np.ndarray], *, producer: str = "pytorch") -> onnx.ModelProto:
    network = build_network(ARCHITECTURE, weights, 5, (64, 64))
    network.producer_name = producer
    return network


@pytest.mark.parametrize(("producer", "transform"), [("pytorch", "torchvision-v1"), ("MindSpore", None)])
def test_an_onnx_network(
    run: Run, weights: dict[str, np.ndarray], checkpoint: Path, store: ModelStore, tmp_path: Path, producer: str, transform: str | None
) -> None:
    path = tmp_path / "My Network.onnx"
    path.write_bytes(network_of(weights, producer=producer).SerializeToString())
    manifest = take(path, store, Wishes(batch_sizes=(1, 4)))
    assert (manifest.name, manifest.architecture, manifest.classes) == ("my-network", "onnx", 5)
    assert (manifest.transform.name if manifest.transform else None) == transform
    assert manifest.recipe.network_size_px == (64, 64)
    if transform:
        same = take(checkpoint, store)
        pixels = np.full((1, 64, 64, 3), 99, np.uint8)
        first, second = (run(store.open(one.name).check_artifact("cpu")[1], pixels) for one in (manifest, same))
        np.testing.assert_allclose(first, second, rtol=1e-5)


def test_an_export_says_what_was_found(store: ModelStore, tmp_path: Path) -> None:
    """The recipe leaves to the network what it does itself; the rest is in the manifest."""
    before = (step("Cast", to=TensorProto.FLOAT), step("Div", np.array(255, np.float32)))
    export = Export(type=TensorProto.UINT8, before=before, after=(step("Softmax", axis=1), step("ArgMax", axis=1)))
    path = export.write(tmp_path / "net.onnx", beside=True)
    said: list[str] = []
    wishes = Wishes(output="value7", recipe=RecipeWishes(transform="torchvision-v2"))
    manifest = import_checkpoint(path, store, wishes, progress=said.append).manifest
    assert (manifest.recipe.mean, manifest.recipe.std, manifest.recipe.resize_width_px) == ((0, 0, 0), (1, 1, 1), 33)
    assert manifest.origin
    assert (manifest.origin.output, manifest.origin.sha256) == ("value7", export_sha256(path))
    twice = RecipeWishes(SaidRecipe(normalisation=Normalisation((1, 1, 1), (2, 2, 2))), transform="torchvision-v2")
    with pytest.raises(ConvertError, match=r"would come on top.*Leave out --mean"):
        import_checkpoint(path, store, Wishes(output="value7", recipe=twice), force=True, progress=said.append)
    form = (
        "Its form: pixels uint8 [N, 3, 32, 32]; it normalises them itself (0.003922 * pixel + 0), so the recipe only brings them to "
        "0..255; "
        "its outputs are probabilities (Softmax): the softmax is cut off."
    )
    assert form in said
    assert manifest.description == f"onnx, 10 classes, imported from net.onnx. {form}"


def test_a_fixed_batch_is_taken_by_its_number(store: ModelStore, tmp_path: Path) -> None:
    path = Export(image=(4, 3, 32, 32), head="four rows").write(tmp_path / "net.onnx")
    with pytest.raises(ConvertError, match=r"takes 4 pictures at a time, not 1.*--batch-sizes 4,"):
        take(path, store, Wishes())
    assert take(path, store, Wishes(batch_sizes=(4,))).artifacts[0].batch_sizes == (4,)


def test_a_fixed_batch_is_free_where_the_network_works_for_others(run: Run, store: ModelStore, tmp_path: Path) -> None:
    export = Export(image=(4, 3, 32, 32))
    said: list[str] = []
    wishes = Wishes(recipe=RecipeWishes(transform="stretch"))
    model = import_checkpoint(export.write(tmp_path / "net.onnx"), store, wishes, progress=said.append)
    assert "It was exported for a batch of 4, works for others, and is served in batches of 1." in "\n".join(said)
    pixels = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)
    expected = Export().answers(pixels, model.manifest.recipe)
    np.testing.assert_allclose(run(model.check_artifact("cpu")[1], pixels), expected, rtol=1e-4, atol=1e-4)


def test_a_network_of_small_pictures_goes_with_a_resize_inside(store: ModelStore, tmp_path: Path) -> None:
    path = Export(image=("N", 1, 28, 28), channels=1).write(tmp_path / "grey.onnx")
    with pytest.raises(ConvertError, match=r"takes pictures of 28x28 pixels, and only .*Export it for pictures of 32x32"):
        take(path, store, Wishes())
    nothing = np.array([], np.float32)
    first = step("Resize", nothing, nothing, np.array([1, 1, 28, 28]), mode="linear")
    path = Export(image=("N", 1, 32, 32), channels=1, before=(first,)).write(tmp_path / "grey.onnx")
    assert take(path, store, Wishes()).recipe.network_size_px == (32, 32)


def test_more_classes_than_the_vendor_takes(store: ModelStore, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(red_network(classes=2001).SerializeToString())
    with pytest.raises(ConvertError, match=r"classes: Input should be less than or equal to 2000. Train with fewer classes"):
        take(path, store, Wishes())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"conv1.weight": None, "fc.bias": np.zeros(3, np.float32)},
            r"1 missing: conv1.weight .*1 of another shape: fc.bias \(3,\) for \(5,\)",
        ),
        ({"se.weight": np.zeros(3, np.float32)}, r"1 unknown to the network: se.weight"),
        ({"bn1.bias": np.full(64, np.nan, np.float32)}, "1 not finite: bn1.bias"),
        ({"bn1.bias": np.zeros(64, np.int64)}, "1 not floating-point numbers: bn1.bias int64"),
        ({"bn1.running_var": np.full(64, -1, np.float32)}, "1 variances below 0: bn1.running_var"),
    ],
)
def test_nothing_is_written_of_what_does_not_fit(
    weights: dict[str, np.ndarray], store: ModelStore, tmp_path: Path, change: dict[str, np.ndarray | None], message: str
) -> None:
    changed = {name: array for name, array in {**weights, **change}.items() if array is not None}
    path = write_torch_legacy(tmp_path / "weights.pth", changed)
    with pytest.raises(ConvertError, match=message):
        take(path, store, plain=tmp_path / "plain.onnx")
    assert [entry.name for entry in tmp_path.iterdir()] == ["weights.pth"]


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        (Wishes(architecture="resnext50_32x4d"), f"holds a {ARCHITECTURE}, not a resnext50_32x4d"),
        (Wishes(classes=6), "classes: expected 6, found 5"),
        (Wishes(recipe=RecipeWishes(transform="keras")), "Unknown transform 'keras'"),
        (Wishes(labels=Path("missing.names")), "No such file"),
        (Wishes(batch_sizes=(2, 1)), "positive and in rising order"),
    ],
)
def test_wishes_that_cannot_be(checkpoint: Path, store: ModelStore, wishes: Wishes, message: str) -> None:
    with pytest.raises(ConvertError, match=message):
        take(checkpoint, store, wishes)
    assert not store.root.exists()


@pytest.mark.parametrize("name", ["../evil", "My Model", "", "a" * 65])
def test_a_name_that_cannot_be_is_refused_before_anything_is_read(store: ModelStore, tmp_path: Path, name: str) -> None:
    with pytest.raises(ConvertError, match=r"cannot be the name of a model\. Use at most 64 small letters"):
        take(tmp_path / "missing.pth", store, Wishes(name=name))


def test_a_folder_that_is_missing(checkpoint: Path, store: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(ConvertError, match="missing is not a folder"):
        take(checkpoint, store, plain=tmp_path / "missing" / "plain.onnx")
    assert not store.root.exists()


def test_a_damaged_onnx_file(weights: dict[str, np.ndarray], store: ModelStore, tmp_path: Path) -> None:
    whole = network_of(weights).SerializeToString()
    for number, content in enumerate((whole[: len(whole) // 2], whole[:-1], b"\x08\x08" + b"\xff" * 100)):
        (tmp_path / f"{number}.onnx").write_bytes(content)
        with pytest.raises((CheckpointRefused, ConvertError)):
            take(tmp_path / f"{number}.onnx", store)
    assert not store.root.exists()


def test_an_onnx_network_with_weights_that_are_not_finite(weights: dict[str, np.ndarray], store: ModelStore, tmp_path: Path) -> None:
    network = network_of(weights)
    bias = next(tensor for tensor in network.graph.initializer if tensor.name == "fc.bias")
    bias.CopyFrom(helper.make_tensor("fc.bias", TensorProto.FLOAT, [5], [0, 0, float("nan"), 0, 0]))
    (tmp_path / "nan.onnx").write_bytes(network.SerializeToString())
    with pytest.raises(ConvertError, match=r"1 not finite: fc\.bias"):
        take(tmp_path / "nan.onnx", store)
    assert not store.root.exists()


def test_a_file_that_is_not_there(store: ModelStore, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.pth")
    for name in ("missing.pth", "fifo.pth", "."):
        with pytest.raises(CheckpointRefused, match="does not exist"):
            take(tmp_path / name, store)


def test_other_weights_want_force(checkpoint: Path, weights: dict[str, np.ndarray], store: ModelStore, tmp_path: Path) -> None:
    first = take(checkpoint, store)
    assert take(checkpoint, store) == first
    assert take(checkpoint, store, Wishes(side_px=64, batch_sizes=(1, 2))).artifacts[0].batch_sizes == (1, 2)
    other = write_torch_legacy(tmp_path / "other.pth", {**weights, "fc.bias": weights["fc.bias"] + 1})
    with pytest.raises(ConvertError, match=r"holds the weights of another file.*--force"):
        take(other, store)
    assert take(other, store, force=True).origin != first.origin
    (store.root / ARCHITECTURE / "manifest.toml").write_text("damaged")
    with pytest.raises(ConvertError, match="--force"):
        take(other, store)
    with pytest.raises(ModelError):
        store.open(ARCHITECTURE)
    assert take(other, store, force=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("line", ["Reading", "Found", "Writing"])
def test_an_import_that_is_stopped_leaves_nothing_half_written(
    checkpoint: Path, store: ModelStore, tmp_path: Path, number: signal.Signals, line: str
) -> None:
    shutil.copy(checkpoint, tmp_path / "weights.pth")
    command = ["convert", "import", str(tmp_path / "weights.pth"), "m", "--image-size", "64", "--yes", "--model-store", str(store.root)]
    process = ForkedCommand(command, os.environ, None)
    assert process.stderr
    with process.stderr as told:
        while line not in told.readline():
            assert process.poll() is None
        process.send_signal(number)
        told.read()
    whole = process.wait(60) == 0
    assert store.names() == (["m"] if whole else [])
    assert take(checkpoint, store, Wishes(name="m", side_px=64), force=True) == store.open("m").manifest
    assert sorted(path.name for path in store.root.iterdir()) == [".lock", "m"]
    assert store.open("m").check_artifact("cpu")


def test_a_network_keeps_its_own_size_behind_a_known_transform(store: ModelStore, tmp_path: Path) -> None:
    path = write_torch_legacy(tmp_path / "lite.pth", random_weights("efficientnet_lite1", 3, 0))
    for recipe, size in ((RecipeWishes(transform="torchvision-v1"), 240), (RecipeWishes(SaidRecipe(crop_px=(224, 224))), 224)):
        manifest = import_checkpoint(path, store, Wishes(recipe=recipe), force=True, progress=print).manifest
        assert (manifest.architecture, manifest.recipe.network_size_px) == ("efficientnet_lite1", (size, size))


def test_names_that_cannot_be_printed(weights: dict[str, np.ndarray], store: ModelStore, tmp_path: Path) -> None:
    """The bytes of a file's name need not be UTF-8, and the manifest is."""
    path = tmp_path / "net\x1b[2J\udcff.onnx"
    path.write_bytes(network_of(weights).SerializeToString())
    manifest = take(path, store, Wishes(name="m"))
    assert manifest.origin
    assert manifest.origin.file == "net\\u001b[2J\\udcff.onnx"
    assert "imported from net\\u001b[2J\\udcff.onnx" in manifest.description
    assert store.open("m").manifest == manifest
