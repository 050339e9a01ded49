from collections.abc import Callable
from pathlib import Path

import pytest

from convert.inspection.artifacts import inspect_om, inspect_onnx
from convert.inspection.context import Context
from convert.inspection.findings import Inspection
from models.store import StoredModel, sha256_of
from tests.convert.inspection.models_made import make_om, tell_provenance, write_manifest


def problems(inspection: Inspection) -> list[str]:
    return [finding.what for finding in inspection.findings if not finding.fits]


def test_an_onnx_that_fits(small: StoredModel) -> None:
    inspection = inspect_onnx(small.folder / "small.onnx", Context(small.folder))
    assert problems(inspection) == []
    assert inspection.facts["inputs"] == ["image uint8 [1, 224, 224, 3]"]
    assert inspection.facts["recipe"] == "folded in"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"classes": 12}, "output: scores float32 [1, 10], but the manifest says scores float32 [1, 12]"),
        ({"name": "other"}, "model: small, but the manifest says other"),
    ],
)
def test_an_onnx_of_another_manifest(small: StoredModel, changes: dict[str, object], what: str) -> None:
    write_manifest(small.folder, **changes)
    assert problems(inspect_onnx(small.folder / "small.onnx", Context(small.folder))) == [what]


def test_an_onnx_of_another_recipe_and_size(small: StoredModel) -> None:
    recipe = small.manifest.recipe.model_dump() | {"resize_width_px": 192}
    artifacts = [artifact.model_dump() | {"batch_sizes": (1, 4)} for artifact in small.manifest.artifacts]
    write_manifest(small.folder, recipe=recipe, artifacts=artifacts)
    found = problems(inspect_onnx(small.folder / "small.onnx", Context(small.folder)))
    assert [what.partition(":")[0] for what in found] == ["recipe's sha256", "batch sizes", "input", "output"]


def test_a_changed_or_damaged_onnx(small: StoredModel) -> None:
    path = small.folder / "small.onnx"
    path.write_bytes(path.read_bytes()[:-2000])
    inspection = inspect_onnx(path, Context(small.folder))
    assert inspection.kind == "ONNX model, damaged"
    damage, checksum = problems(inspection)
    assert damage.startswith("Byte ")
    assert checksum.startswith("sha256: ")


def test_a_file_the_manifest_does_not_know(small: StoredModel) -> None:
    (small.folder / "small.onnx").rename(small.folder / "other.onnx")
    assert problems(inspect_onnx(small.folder / "other.onnx", Context(small.folder))) == ["the manifest of small does not know this file"]


def test_an_om_that_fits(small: StoredModel) -> None:
    inspection = inspect_om(small.folder / "small.om", Context(small.folder))
    assert problems(inspection) == []
    assert (inspection.facts["soc"], inspection.facts["command"]) == ("Ascend310", "atc --framework=5")


def test_an_om_by_itself(tmp_path: Path) -> None:
    make_om(tmp_path / "m.om")
    inspection = inspect_om(tmp_path / "m.om", Context(tmp_path))
    assert (problems(inspection), inspection.facts["provenance"]) == ([], "none")
    (tmp_path / "m.om.json").write_text("[]")
    assert problems(inspect_om(tmp_path / "m.om", Context(tmp_path))) == ["m.om.json describes another file, without a name"]


def cut(om: Path) -> None:
    om.write_bytes(om.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda om: om.chmod(0o644), ["mode 0644"]),
        (lambda om: tell_provenance(om, soc="Ascend310P3"), ["the target Ascend310P3, not Ascend310"]),
        (lambda om: tell_provenance(om, batch_sizes=[1]), ["the batch sizes 1, not 1,2"]),
        (lambda om: tell_provenance(om, om="a.om", om_sha256="0"), ["the provenance of the file 0, not"]),
        (lambda om: tell_provenance(om, recipe_sha256="0"), ["the recipe 0, not"]),
        (lambda om: (om.parent / "small.om.json").write_text("["), ["does not say for which recipe"]),
        (lambda om: (om.parent / "small.om.json").unlink(), ["does not say for which recipe"]),
        (cut, ["sha256", "small.om"]),
    ],
)
def test_an_om_that_does_not_fit(small: StoredModel, spoil: Callable[[Path], object], found: list[str]) -> None:
    om = small.folder / "small.om"
    spoil(om)
    told = problems(inspect_om(om, Context(small.folder)))
    assert len(told) == len(found)
    assert all(part in what for part, what in zip(found, told, strict=True))


def test_an_om_for_the_cpu(small: StoredModel) -> None:
    artifact = {"file": "small.om", "sha256": sha256_of(small.folder / "small.om"), "batch_sizes": (1, 2)}
    write_manifest(small.folder, artifacts=[artifact])
    assert problems(inspect_om(small.folder / "small.om", Context(small.folder)))[0].startswith("soc: an OM is for Ascend")
