"""A model from another store: whole, with the modes and the owner of those who serve."""

import os
import shutil
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from models.manifest import Golden
from models.model_errors import ArtifactDamaged, ModelNotFound, StoreRefused
from models.store import ModelStore
from models.store_install import install_model
from models.store_writer import set_calibration, set_golden
from tests.ascend_double.double import store_om_model
from tests.level_model import level_png, store_level_model
from tests.made_model import change_model
from tests.server.calibration.calibration_made import made_calibration

OWNER = 9000
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to give files away")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    return store_om_model(tmp_path / "elsewhere").folder


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "store")


def modes(folder: Path) -> set[str]:
    return {oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()}


def test_it_is_there_as_it_was(elsewhere: Path, store: ModelStore) -> None:
    (elsewhere / "level.om").chmod(0o666)
    model = install_model(elsewhere, store)
    assert {path.name: path.read_bytes() for path in model.folder.iterdir()} == {
        path.name: path.read_bytes() for path in elsewhere.iterdir()
    }
    assert (modes(model.folder), stat.S_IMODE(model.folder.stat().st_mode)) == ({"0o640"}, 0o750)
    assert model.check_artifact("Ascend310")


@as_root
def test_it_gets_the_owner(elsewhere: Path, store: ModelStore) -> None:
    folder = install_model(elsewhere, store, owner=OWNER).folder
    assert {path.stat().st_uid for path in (store.root, folder, *folder.iterdir())} == {OWNER}


@as_root
def test_one_of_this_store_only_gets_the_owner(elsewhere: Path) -> None:
    (elsewhere / "level.om").chmod(0o666)
    install_model(elsewhere, ModelStore(elsewhere.parent), owner=OWNER)
    assert {path.stat().st_uid for path in (elsewhere, *elsewhere.iterdir())} == {OWNER}
    assert modes(elsewhere) == {"0o640"}


def test_a_damaged_one_is_refused_and_the_former_stays(elsewhere: Path, store: ModelStore) -> None:
    install_model(elsewhere, store)
    (elsewhere / "level.om").write_bytes(b"other")
    with pytest.raises(ArtifactDamaged, match="not the file of the manifest"):
        install_model(elsewhere, store, force=True)
    assert store.open("level").check_artifact("Ascend310")


def test_other_weights_want_force(elsewhere: Path, store: ModelStore, tmp_path: Path) -> None:
    install_model(elsewhere, store)
    other = change_model(store_level_model(tmp_path / "third"), version="2").folder
    with pytest.raises(StoreRefused, match="Use --force"):
        install_model(other, store)
    assert install_model(other, store, force=True).manifest.version == "2"


def test_other_weights_want_force_also_where_only_a_file_for_a_cpu_is(store: ModelStore, tmp_path: Path) -> None:
    install_model(store_level_model(tmp_path / "one").folder, store)
    other = change_model(store_level_model(tmp_path / "two"), version="2").folder
    with pytest.raises(StoreRefused, match=r"store/level holds other weights or another recipe\. Use --force"):
        install_model(other, store)
    (store.root / "level/manifest.toml").write_text("damaged")
    with pytest.raises(StoreRefused, match="Use --force"):
        install_model(other, store)
    assert install_model(other, store, force=True).manifest.version == "2"


@pytest.mark.parametrize("force", [False, True])
def test_the_same_model_keeps_what_the_folder_lacks(elsewhere: Path, store: ModelStore, tmp_path: Path, force: bool) -> None:
    former = install_model(elsewhere, store)
    former = set_golden(former, level_png(4), Golden(file="golden.png", sha256=sha256(level_png(4)).hexdigest(), class_id=1, score=1))
    former = set_calibration(former, made_calibration(former))
    folder = store_level_model(tmp_path / "third").folder
    (folder / "level.om").write_bytes(b"not of the manifest")
    model = install_model(folder, store, force=force)
    assert (model.manifest.golden, model.manifest.calibration) == (former.manifest.golden, former.manifest.calibration)
    artifact, path = model.check_artifact("Ascend310")
    assert path.read_bytes() == (elsewhere / "level.om").read_bytes()
    assert (path.name, (model.folder / "level.om").read_bytes()) == (f"level.{artifact.sha256[:12]}.om", b"not of the manifest")
    assert modes(model.folder) == {"0o640"}


@pytest.mark.parametrize("kind", ["file", "folder", "nothing", "pipe"])
def test_links_and_special_files_are_refused(elsewhere: Path, store: ModelStore, tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret"
    secret.mkdir() if kind == "folder" else secret.write_text("secret")
    secret.chmod(0o700)
    if kind == "pipe":
        os.mkfifo(elsewhere / "more")
    else:
        (elsewhere / "more").symlink_to(tmp_path / "gone" if kind == "nothing" else secret)
    for into in (store, ModelStore(elsewhere.parent)):
        with pytest.raises(StoreRefused, match="level/more is a link or a special file"):
            install_model(elsewhere, into)
    assert (store.root.exists(), stat.S_IMODE(secret.stat().st_mode)) == (False, 0o700)


def test_a_link_that_came_during_the_copy_is_refused(
    elsewhere: Path, store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("secret")
    copy = shutil.copytree

    def copytree(folder: Path, new: Path, *, symlinks: bool = False) -> None:
        (folder / "more").symlink_to(tmp_path / "secret")
        copy(folder, new, symlinks=symlinks)

    monkeypatch.setattr(shutil, "copytree", copytree)
    with pytest.raises(StoreRefused, match="level/more is a link"):
        install_model(elsewhere, store)
    assert store.names() == []


def test_what_is_no_model(tmp_path: Path, store: ModelStore) -> None:
    with pytest.raises(ModelNotFound):
        install_model(tmp_path / "nothing", store)


def test_what_the_system_forbids_is_told(elsewhere: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refuse)
    with pytest.raises(StoreRefused, match="Run it as root, with sudo"):
        install_model(elsewhere, store, owner=OWNER)
    assert store.names() == []
