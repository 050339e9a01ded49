"""A model of the same name: replaced by the same weights, refused for others, and recognised by its file."""

from pathlib import Path

import pytest

from convert.conversion_errors import ConvertError
from convert.former_model import check_replaceable, with_former_version
from models.manifest import ModelManifest, Origin
from models.store import ModelStore
from tests.level_model import store_level_model


def from_file(manifest: ModelManifest, sha256: str, version: str) -> ModelManifest:
    origin = Origin(file="net.onnx", sha256=sha256 * 64, format="onnx")
    return manifest.model_copy(update={"origin": origin, "version": version})


def test_the_same_file_keeps_its_version(tmp_path: Path) -> None:
    former = from_file(store_level_model(tmp_path).manifest, "a", "former")
    former.write(tmp_path / "level/manifest.toml")
    store = ModelStore(tmp_path)
    assert with_former_version(store, from_file(former, "a", "2")).version == "former"
    other = with_former_version(store, from_file(former, "b", "2"))
    assert other.version == "2"
    check_replaceable(store, former)
    with pytest.raises(ConvertError, match="--force"):
        check_replaceable(store, other)
