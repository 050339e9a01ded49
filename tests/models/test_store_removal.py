"""A model is removed as a whole, or not at all."""

import fcntl
from pathlib import Path
from threading import Thread

import pytest

from models.model_errors import ModelNotFound, StoreRefused
from models.store import ModelStore
from models.store_removal import remove_model
from tests.level_model import store_level_model


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    for name in ("one", "other"):
        store_level_model(tmp_path, name)
    return ModelStore(tmp_path)


def test_a_model_is_removed_and_no_other(store: ModelStore) -> None:
    remove_model(store, "one")
    assert store.names() == ["other"]
    assert sorted(path.name for path in store.root.iterdir()) == [".lock", "other"]
    assert store.open("other").check_artifact("cpu")


def test_a_damaged_model_is_removed(store: ModelStore) -> None:
    (store.root / "one/manifest.toml").write_text("name = 1")
    remove_model(store, "one")
    assert store.names() == ["other"]


@pytest.mark.parametrize("name", ["none", "efficientnet_lite0", "../one", "", "."])
def test_what_is_not_in_the_store(store: ModelStore, name: str) -> None:
    with pytest.raises(ModelNotFound) as caught:
        remove_model(store, name)
    assert caught.value.remedy == "Models that are there: one, other"


def test_a_removal_that_fails_leaves_the_whole_model(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_path: Path, _target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    before = sorted(path.name for path in (store.root / "one").iterdir())
    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(StoreRefused, match="is writable"):
        remove_model(store, "one")
    assert sorted(path.name for path in (store.root / "one").iterdir()) == before


def test_it_waits_for_the_lock_of_the_store(store: ModelStore) -> None:
    with (store.root / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        removal = Thread(target=remove_model, args=(store, "one"))
        removal.start()
        removal.join(0.2)
        assert store.names() == ["one", "other"]
    removal.join(30)
    assert store.names() == ["other"]


def test_the_folder_of_one_model_is_not_removed(tmp_path: Path) -> None:
    folder = store_level_model(tmp_path).folder
    with pytest.raises(StoreRefused, match="is the folder of one model"):
        remove_model(ModelStore(folder), "level")
    assert (folder / "manifest.toml").is_file()
