"""A small real model with pictures of its own, and its int8 artifact."""

from collections.abc import Callable
from pathlib import Path

import pytest

from convert.prepare import prepare
from convert.quantisation.picture_set import PictureSet, collect_pictures
from convert.quantisation.search import Found, search
from models.store import ModelStore, StoredModel
from tests.conftest import shared

NAME = "resnext_digits"


def nothing() -> None:
    """Count no progress."""


def begin(_what: str, _pictures: int) -> Callable[[], None]:
    return nothing


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    return ModelStore(shared(tmp_path_factory, "digits", lambda folder: prepare(NAME, ModelStore(folder)))).open(NAME)


@pytest.fixture(scope="session")
def digit_files(digits: StoredModel) -> list[Path]:
    """Sixty different pictures."""
    return sorted((digits.folder / "evaluation/mixed/images").glob("*.png"))[:60]


@pytest.fixture(scope="session")
def pictures(digits: StoredModel, digit_files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> PictureSet:
    return collect_pictures(digits.manifest, digit_files, Path.read_bytes, tmp_path_factory.mktemp("pictures") / "pixels", nothing)


@pytest.fixture(scope="session")
def found(digits: StoredModel, pictures: PictureSet, tmp_path_factory: pytest.TempPathFactory) -> Found:
    return search(digits, pictures, tmp_path_factory.mktemp("trials"), begin)
