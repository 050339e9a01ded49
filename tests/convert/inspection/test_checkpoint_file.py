from pathlib import Path

import numpy as np
import pytest

from convert.inspection.checkpoint_file import inspect_checkpoint
from convert.inspection.context import Context
from convert.networks.architectures import random_weights
from models.store import StoredModel
from tests.convert.inspection.models_made import save_safetensors, write_manifest

SMALL_RESNEXT = "resnext_1-1-1-1_2x4d"


@pytest.mark.parametrize("architecture", ["efficientnet_lite0", SMALL_RESNEXT])
def test_the_architecture_is_told(tmp_path: Path, architecture: str) -> None:
    weights = random_weights(architecture, 7, 0)
    save_safetensors(tmp_path / "w", weights)
    inspection = inspect_checkpoint(tmp_path / "w", Context(tmp_path))
    assert inspection.fits
    assert (inspection.facts["architecture"], inspection.facts["classes"]) == (architecture, 7)
    assert (inspection.facts["format"], inspection.facts["tensors"]) == ("safetensors", f"{len(weights)} ({len(weights)} float32)")
    assert inspection.facts["parameters"] == f"{sum(array.size for array in weights.values()):,}"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"fc.bias": np.full(7, np.nan, np.float32)}, "fc.bias"),
        ({"extra": np.zeros(1, np.float32)}, "extra"),
        ({"fc.weight": np.zeros(3, np.float32)}, "cannot build"),
    ],
)
def test_what_does_not_fit(tmp_path: Path, change: dict[str, np.ndarray], what: str) -> None:
    save_safetensors(tmp_path / "w", random_weights(SMALL_RESNEXT, 7, 0) | change)
    (finding,) = inspect_checkpoint(tmp_path / "w", Context(tmp_path)).findings
    assert not finding.fits
    assert what in finding.what


def test_a_damaged_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(b"PK\x03\x04")
    assert not inspect_checkpoint(tmp_path / "w", Context(tmp_path)).fits


def test_the_origin(small: StoredModel, tmp_path: Path) -> None:
    save_safetensors(tmp_path / "w", random_weights(SMALL_RESNEXT, 7, 0))
    write_manifest(small.folder, origin={"file": "w", "sha256": "0" * 64, "format": "safetensors"})
    inspection = inspect_checkpoint(tmp_path / "w", Context(small.folder))
    assert [finding.what.partition(":")[0] for finding in inspection.findings if not finding.fits] == ["sha256"]
