import shutil
from pathlib import Path

import pytest

from models.store import ModelStore, StoredModel
from tests.convert.inspection.models_made import make_model


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    return make_model(tmp_path_factory.mktemp("made"))


@pytest.fixture
def small(made: StoredModel, tmp_path: Path) -> StoredModel:
    """The model "small", to spoil."""
    shutil.copytree(made.folder, tmp_path / "store/small")
    return ModelStore(tmp_path / "store").open("small")
