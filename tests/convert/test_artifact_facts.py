"""The facts that artifacts hold about themselves; a file that is not an ONNX is refused."""

from pathlib import Path

import pytest

from convert.artifact_facts import ArtifactFacts, read_artifact_facts
from convert.conversion_errors import ConvertError
from models.store import StoredModel
from tests.level_model import level_graph


def test_the_facts_of_our_artifacts(efficientnet: StoredModel) -> None:
    facts = read_artifact_facts(efficientnet.check_artifact("cpu")[1])
    assert facts == ArtifactFacts("efficientnet_lite0", efficientnet.manifest.recipe.sha256, (1,))


@pytest.mark.parametrize(("sizes", "found"), [("1,2,8", (1, 2, 8)), ("", (1,)), ("two,,-1,99999999", (1,))])
def test_batch_sizes(tmp_path: Path, sizes: str, found: tuple[int, ...]) -> None:
    (tmp_path / "level.onnx").write_bytes(level_graph("N", sizes).SerializeToString())
    assert read_artifact_facts(tmp_path / "level.onnx") == ArtifactFacts("", "", found)


def test_what_is_no_onnx_is_refused(tmp_path: Path) -> None:
    (tmp_path / "noise.onnx").write_bytes(b"\xff\xd8\xff\xe0noise")
    for name in ("noise.onnx", "missing.onnx"):
        with pytest.raises(ConvertError, match="cannot be read as ONNX"):
            read_artifact_facts(tmp_path / name)
