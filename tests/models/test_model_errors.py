import re
from pathlib import Path

import pytest

from models import model_errors
from models.model_errors import (
    ArtifactDamaged,
    ArtifactStale,
    ClassifyError,
    ManifestInvalid,
    ModelError,
    ModelNotFound,
    ModelNotPrepared,
    StoreRefused,
)

ROOT = Path(__file__).parents[2]


def test_the_text_is_the_message_and_the_remedy() -> None:
    error = ClassifyError("The file is gone.", "Put it back.")
    assert (error.message, error.remedy, str(error)) == ("The file is gone.", "Put it back.", "The file is gone. Put it back.")
    assert str(ClassifyError("The file is gone.")) == "The file is gone."


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (ManifestInvalid, "manifest_invalid"),
        (ModelNotFound, "model_not_found"),
        (ModelNotPrepared, "model_not_prepared"),
        (ArtifactDamaged, "artifact_damaged"),
        (ArtifactStale, "artifact_stale"),
        (StoreRefused, "convert_error"),
    ],
)
def test_codes(kind: type[ModelError], code: str) -> None:
    assert kind.code == code
    assert issubclass(kind, ModelError)
    assert issubclass(kind, ClassifyError)


def test_the_tree_is_as_drawn() -> None:
    children = {kind.__name__ for kind in ModelError.__subclasses__()}
    assert children == {"ManifestInvalid", "ModelNotFound", "ModelNotPrepared", "ArtifactDamaged", "ArtifactStale", "StoreRefused"}
    assert model_errors.__doc__ is not None
    assert all(name in model_errors.__doc__ for name in children)


def test_every_branch_is_drawn_with_its_place() -> None:
    drawn = re.findall(r"^[├└]─ (\w+) +(?:see (\S+))?", model_errors.__doc__ or "", re.MULTILINE)
    sources = [path for folder in ("models", "pipelines", "convert", "server") for path in (ROOT / folder).rglob("*.py")]
    branches = [
        (name, "" if path.stem == "model_errors" else str(path.relative_to(ROOT)))
        for path in sources
        for name in re.findall(r"^class (\w+)\(ClassifyError\)", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert sorted(drawn) == sorted(branches)
