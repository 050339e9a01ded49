from pathlib import Path

from convert.inspection.context import Context
from models.store import StoredModel


def test_the_manifest_beside_a_file(small: StoredModel, tmp_path: Path) -> None:
    context = Context(small.folder)
    assert context.manifest == small.manifest
    assert context.artifact(Path("elsewhere/small.om")) == small.manifest.artifact("Ascend310")
    assert context.artifact(Path("other.om")) is None
    assert Context(tmp_path).manifest is None


def test_a_manifest_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_text("name = 7")
    assert [finding.fits for finding in Context(tmp_path).findings] == [False]
