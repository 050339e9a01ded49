"""The facts that artifacts hold about themselves."""

import json
from pathlib import Path

import onnx
import pytest

from convert.fold import fold
from models.artifact_facts import ArtifactFacts, network_size_px, provenance_path, read_artifact_facts
from models.manifest import Recipe
from models.store import ModelStore, StoredModel
from tests.convert.atc.atc_made import plain_network, stored_model
from tests.level_model import level_graph


def test_the_facts_of_our_artifacts(efficientnet: StoredModel) -> None:
    path = efficientnet.folder / "efficientnet_lite0.onnx"
    assert read_artifact_facts(path) == ArtifactFacts(
        "efficientnet_lite0", "1", efficientnet.manifest.recipe.sha256, (1,), 1000, precision="f32"
    )
    assert network_size_px(path) == (224, 224)


@pytest.fixture
def efficientnet(model_store: ModelStore) -> StoredModel:
    return model_store.open("efficientnet_lite0")


@pytest.mark.parametrize(
    ("batch", "sizes", "found"), [("N", "1,2,8", (1, 2, 8)), ("N", "", ()), ("N", "two,,-1,99999999", ()), (4, "1,2", (4,))]
)
def test_batch_sizes(tmp_path: Path, batch: int | str, sizes: str, found: tuple[int, ...]) -> None:
    (tmp_path / "level.onnx").write_bytes(level_graph(batch, sizes).SerializeToString())
    assert read_artifact_facts(tmp_path / "level.onnx") == ArtifactFacts(batch_sizes=found, classes=64, precision="f32")


def test_the_network_behind_a_crop(tmp_path: Path) -> None:
    model = stored_model(tmp_path)
    assert network_size_px(model.folder / "means.onnx") == model.manifest.recipe.network_size_px == (32, 32)
    wide = Recipe(resize_width_px=90, resize_height_px=70, crop_width_px=50, crop_height_px=40, mean=(0, 0, 0), std=(1, 1, 1))
    network = plain_network()
    for dimension, side in zip(network.graph.input[0].type.tensor_type.shape.dim[2:], (40, 50), strict=True):
        dimension.dim_value = side
    onnx.save(fold(network, model.manifest.model_copy(update={"recipe": wide}), (1,)), tmp_path / "wide.onnx")
    assert network_size_px(tmp_path / "wide.onnx") == (50, 40)


@pytest.mark.parametrize("content", [b"", b"onnx", b"\xff\xd8\xff\xe0noise", b"\x3a\x7f", b"\x80" * 100])
def test_a_damaged_file_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "noise.onnx").write_bytes(content)
    assert read_artifact_facts(tmp_path / "noise.onnx") == ArtifactFacts()
    assert network_size_px(tmp_path / "noise.onnx") is None


def test_an_om_says_nothing_by_itself(tmp_path: Path) -> None:
    om = tmp_path / "m.om"
    om.write_bytes(b"IMOD")
    assert read_artifact_facts(om) == ArtifactFacts(soc="")
    told = {"model": "m", "version": "2", "recipe_sha256": "ab", "batch_sizes": [1, 4], "classes": 3, "soc": "Ascend310", "om_sha256": "cd"}
    provenance_path(om).write_text(json.dumps(told | {"declared": True, "score_type": "probability", "precision": "f16"}))
    expected = ArtifactFacts("m", "2", "ab", (1, 4), 3, "Ascend310", "probability", declared=True, sha256="cd", precision="f16")
    assert read_artifact_facts(om) == expected


@pytest.mark.parametrize("content", ["", "[]", "[" * 100_000, '{"model": 1, "batch_sizes": "1", "classes": "3", "soc": null}'])
def test_a_damaged_provenance_says_nothing(tmp_path: Path, content: str) -> None:
    provenance_path(tmp_path / "m.om").write_text(content)
    assert read_artifact_facts(tmp_path / "m.om") == ArtifactFacts(soc="")
