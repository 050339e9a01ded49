from pathlib import Path

from convert.inspection.model_folder import inspect_manifest
from models.store import StoredModel
from tests.convert.inspection.models_made import write_manifest


def test_a_model_that_fits(small: StoredModel) -> None:
    inspection = inspect_manifest(small.folder / "manifest.toml")
    assert inspection.fits
    assert [part.kind for part in inspection.parts] == ["ONNX model", "OM, a model for Ascend", "AIPP configuration"]
    assert inspection.facts["artifacts"] == ["small.onnx: cpu, batches of 1", "small.om: Ascend310, batches of 1, 2"]


def test_files_that_are_gone_or_wrong(small: StoredModel) -> None:
    (small.folder / "small.om").unlink()
    (small.folder / "small.onnx").write_text("aipp_op")
    (small.folder / "small.names").write_text("one\ntwo\n")
    inspection = inspect_manifest(small.folder / "manifest.toml")
    assert [finding.what.partition(":")[0] for finding in inspection.findings if not finding.fits] == ["labels' sha256", "number of labels"]
    onnx, om, *_ = inspection.parts
    assert onnx.findings[0].what == "its content is aipp, neither ONNX nor OM"
    assert "small.om is not a file" in om.findings[0].what


def test_labels_that_are_gone_and_no_artifact(small: StoredModel) -> None:
    (small.folder / "small.names").unlink()
    write_manifest(small.folder, artifacts=[])
    labels, none = inspect_manifest(small.folder / "manifest.toml").findings
    assert labels.what.startswith("labels: ")
    assert none.remedy == f"Prepare the model again: ascend-classify models prepare small --force --model-store {small.folder.parent}"


def test_a_manifest_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_text("schema_version = 9")
    assert not inspect_manifest(tmp_path / "manifest.toml").fits
