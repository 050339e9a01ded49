"""Each field of a manifest, and each fact of an artifact, is changed: the model is refused, or it answers as before."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest

from models.artifact_facts import provenance_path
from models.manifest import Artifact, ModelManifest
from models.model_errors import ArtifactDamaged, ArtifactStale, ModelError, ModelNotPrepared
from models.store import ModelStore, StoredModel, sha256_of
from pipelines.classifier_config import ClassifierLimits, configure_classifier
from pipelines.render import PipelinePaths, render_config, render_pipeline
from tests.ascend_double.double import store_om_model
from tests.convert.atc.atc_made import stored_model

OTHER = "0" * 64
LIMITS = ClassifierLimits(decoders=1, lanes=1, capacity=1)
PATHS = PipelinePaths("means.om", "means.cfg", "abc.names")
SPOILED: dict[str, object] = {  # each field of the manifest, with a value that the schema allows
    "name": "other",
    "version": "2",
    "classes": 4,
    "labels": "other.names",
    "labels_sha256": OTHER,
    "recipe.resize_width_px": 65,
    "recipe.resize_height_px": 65,
    "recipe.crop_width_px": 34,
    "recipe.crop_height_px": 34,
    "recipe.colour_order": "BGR",
    "recipe.mean": [123.675, 116.28, 103.54],
    "recipe.std": [58.395, 57.12, 57.38],
    "artifacts.0.file": "other.onnx",
    "artifacts.0.sha256": OTHER,
    "artifacts.0.soc": "Ascend310",
    "artifacts.0.batch_sizes": [1, 2],
    "artifacts.0.score_type": "probability",
    "artifacts.0.declared": True,
    "artifacts.0.precision": "f16",
}
WORDS: dict[str, object] = {  # what no answer depends on
    "description": "another text",
    "architecture": "another network",
    "recipe.trained_with": "another library",
    "precision": "bf16",
    "artifacts.0.compiler": "ATC 9",
    "artifacts.0.command": "atc --log=error",
}
ONE_VALUE = {"schema_version", "recipe.resize", "recipe.interpolation"}  # the schema, or the other fields, allow no second value
FOR_OTHERS = {
    "weights",
    "origin",
    "transform",
    "evaluation",
    "golden",
    "calibration",
    "artifacts.0.quantisation",
}  # of what has checks of its own


def fields() -> set[str]:
    """Every field of a manifest by its path."""
    model = {name for name in ModelManifest.model_fields if name not in ("recipe", "artifacts")}
    recipe = {f"recipe.{name}" for name in ModelManifest.model_fields["recipe"].annotation.model_fields}  # type: ignore[union-attr]
    return model | recipe | {f"artifacts.0.{name}" for name in Artifact.model_fields}


def test_every_field_is_changed_here() -> None:
    assert fields() == SPOILED.keys() | WORDS.keys() | ONE_VALUE | FOR_OTHERS


def changed(manifest: ModelManifest, field: str, value: object) -> ModelManifest:
    content: Any = manifest.model_dump(mode="json")
    *way, last = field.split(".")
    place = content
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    place[int(last) if last.isdigit() else last] = value
    return ModelManifest.model_validate(content)


def used(root: Path, name: str, soc: str = "cpu") -> None:
    """What every engine does before it loads a model."""
    model = ModelStore(root).open(name)
    model.check_artifact(soc)
    model.check_labels()


@pytest.fixture
def means(tmp_path: Path) -> StoredModel:
    return stored_model(tmp_path)


@pytest.mark.parametrize("field", SPOILED)
def test_a_changed_field_of_the_manifest_is_refused(means: StoredModel, field: str) -> None:
    used(means.folder.parent, "means")
    changed(means.manifest, field, SPOILED[field]).write(means.folder / "manifest.toml")
    with pytest.raises(ModelError) as caught:
        used(means.folder.parent, "means")
    assert caught.value.remedy


@pytest.mark.parametrize("field", WORDS)
def test_a_changed_word_of_the_manifest_changes_nothing(means: StoredModel, field: str) -> None:
    manifest = changed(means.manifest, field, WORDS[field])
    manifest.write(means.folder / "manifest.toml")
    used(means.folder.parent, "means")
    before, after = (configure_classifier(each, "means.om", LIMITS) for each in (means.manifest, manifest))
    assert before == after
    assert render_config(manifest) == render_config(means.manifest)
    assert render_pipeline(manifest, PATHS, ["classify0"]) == render_pipeline(means.manifest, PATHS, ["classify0"])


def with_metadata(model: StoredModel, change: Callable[[onnx.ModelProto], object]) -> None:
    """Change the artifact, and its sha256 in the manifest, as a person with another program does."""
    path = model.folder / model.manifest.artifacts[0].file
    network = onnx.load(path)
    change(network)
    onnx.save(network, path)
    artifact = model.manifest.artifacts[0].model_copy(update={"sha256": sha256_of(path)})
    model.manifest.model_copy(update={"artifacts": (artifact,)}).write(model.folder / "manifest.toml")


def metadata(**facts: str) -> Callable[[onnx.ModelProto], object]:
    def change(network: onnx.ModelProto) -> None:
        kept = {each.key: each.value for each in network.metadata_props}
        onnx.helper.set_model_props(network, {**kept, **facts})

    return change


def more_classes(network: onnx.ModelProto) -> None:
    network.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 4


def free_batch(network: onnx.ModelProto) -> None:
    for value in (*network.graph.input, *network.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    metadata(batch_sizes="1,2")(network)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (metadata(model="other"), "the name other, not means"),
        (metadata(version="2"), "the version 2, not 1"),
        (metadata(recipe_sha256=OTHER), f"the recipe {OTHER[:12]}, not"),
        (more_classes, "the number of classes 4, not 3"),
        (free_batch, "the batch sizes 1,2, not 1"),
        (metadata(recipe_sha256=""), "does not say for which recipe"),
        (lambda network: network.ClearField("metadata_props"), "does not say for which recipe"),
    ],
)
def test_a_changed_fact_of_an_onnx_file_is_refused(means: StoredModel, change: Callable[[onnx.ModelProto], object], said: str) -> None:
    with_metadata(means, change)
    with pytest.raises(ArtifactStale, match=said):
        used(means.folder.parent, "means")


def test_batch_sizes_beside_a_fixed_batch_change_nothing(means: StoredModel) -> None:
    """The runtime does not read them then."""
    with_metadata(means, metadata(batch_sizes="1,2,4"))
    used(means.folder.parent, "means")


OM_FACTS: dict[str, object] = {
    "model": "other",
    "version": "2",
    "recipe_sha256": OTHER,
    "classes": 65,
    "batch_sizes": [1],
    "soc": "Ascend310P3",
    "om_sha256": OTHER,
    "score_type": "probability",
    "declared": True,
}


@pytest.mark.parametrize("fact", OM_FACTS)
def test_a_changed_fact_of_an_om_is_refused(tmp_path: Path, fact: str) -> None:
    beside = provenance_path(store_om_model(tmp_path).folder / "level.om")
    used(tmp_path, "level", "Ascend310")
    beside.write_text(json.dumps(json.loads(beside.read_text()) | {fact: OM_FACTS[fact]}))
    with pytest.raises(ArtifactStale, match="disagree"):
        used(tmp_path, "level", "Ascend310")


@pytest.mark.parametrize("field", [field.replace(".0.", ".1.") for field in SPOILED if "crop" not in field])
def test_a_changed_field_beside_an_om_is_refused(tmp_path: Path, field: str) -> None:
    model = store_om_model(tmp_path)
    value = [3, 4] if field.endswith("batch_sizes") else SPOILED[field.replace(".1.", ".0.")]
    value = "cpu" if field.endswith("soc") else value
    changed(model.manifest, field, value).write(model.folder / "manifest.toml")
    with pytest.raises(ModelError):
        used(tmp_path, "level", "Ascend310")


def test_an_om_without_provenance_is_refused_with_the_way_to_declare_it(tmp_path: Path) -> None:
    model = store_om_model(tmp_path)
    om = model.folder / "level.om"
    provenance_path(om).unlink()
    with pytest.raises(ArtifactStale, match="does not say for which recipe") as caught:
        used(tmp_path, "level", "Ascend310")
    declare = f"models adopt {om} level --soc Ascend310 --batch-sizes 1,2,4,8 --score-type TYPE --model-store {tmp_path}"
    assert caught.value.remedy.endswith(declare)
    compiled = changed(model.manifest, "artifacts.1.command", "atc --framework=5")
    with pytest.raises(ArtifactStale, match=r"convert atc level --soc Ascend310 --batch-sizes 1,2,4,8 "):
        replace(model, manifest=compiled).check_artifact("Ascend310")


def test_labels_that_are_not_as_many_as_the_classes(means: StoredModel) -> None:
    (means.folder / "abc.names").write_text("a\nb\n")
    changed(means.manifest, "labels_sha256", sha256_of(means.folder / "abc.names")).write(means.folder / "manifest.toml")
    with pytest.raises(ArtifactDamaged, match="has 2 lines, but the manifest of 'means' has 3 classes"):
        used(means.folder.parent, "means")


def test_the_network_alone_may_have_another_recipe(means: StoredModel) -> None:
    other = changed(means.manifest, "recipe.mean", [1, 2, 3])
    assert replace(means, manifest=other).check_artifact("cpu", network_only=True)
    with pytest.raises(ArtifactStale, match="the version 1, not 2"):
        replace(means, manifest=changed(other, "version", "2")).check_artifact("cpu", network_only=True)


def test_the_command_fits_what_differs(means: StoredModel) -> None:
    """The recipe is folded in again where the network takes its pixels; elsewhere the network is asked for."""

    def remedy(field: str, value: object) -> str:
        with pytest.raises((ArtifactStale, ModelNotPrepared)) as caught:
            replace(means, manifest=changed(means.manifest, field, value)).check_artifact("cpu")
        return caught.value.remedy.partition("ascend-classify ")[2].partition(" --model-store")[0]

    assert remedy("recipe.mean", [1, 2, 3]) == remedy("recipe.resize_width_px", 70) == remedy("version", "2") == "convert cpu means"
    assert remedy("recipe.crop_width_px", 34) == remedy("classes", 4) == "convert cpu means --network FILE.onnx"
