"""Takes a prepared model from a folder of another store: a machine with CANN, a bundle, a copy that the wrong user owns."""

import os
import shutil
import stat
from pathlib import Path

from models.model_errors import StoreRefused
from models.store import ModelStore, StoredModel
from models.store_writer import FOLDER_MODE, replace_model, workshop
from models.whole_file import FILE_MODE


def install_model(folder: Path, store: ModelStore, *, owner: int | None = None, force: bool = False) -> StoredModel:
    """Copy a model into the store in one step, after a check of all its files; returns the one in the store.

    Files get the mode 0640, folders 0750, as the SDK wants them, and the `owner` (uid, and gid of the same number), by default this
    user. The store's own folder gets the owner, too, as the server reads it. A model that lies in this store already is only
    given the modes and the owner. The same model's other artifacts, its golden image and its calibration stay. Raises StoreRefused if
    the store has another model of that name (`force` deletes it) or cannot be written, if the folder has links in it, or if the owner
    may not be given; ModelError for a model that is not whole.
    """
    store.check_takes_models()
    _check_plain(folder)
    model = ModelStore(folder.parent).open(folder.name)
    model.check_labels()
    for artifact in model.manifest.artifacts:
        model.check_artifact(artifact.soc, "int8" if artifact.precision == "int8" else "f32")
    try:
        store.root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        place = store.root / model.manifest.name
        if place.exists() and place.samefile(folder):
            _own(place.resolve(), owner)
        else:
            with workshop(store.root) as unfinished:
                new = unfinished / "new" / model.manifest.name
                shutil.copytree(folder, new, symlinks=True)
                _check_plain(new)  # the folder may have changed meanwhile
                replace_model(store, new, unfinished, lambda: _own(new, owner), force=force)
        if owner is not None:
            os.chown(store.root, owner, owner)
    except PermissionError as error:
        what = f"{store.root}: {error.strerror}."
        raise StoreRefused(what, "Run it as root, with sudo, where another user is to own the model.") from error
    except OSError as error:
        raise StoreRefused(f"{store.root}: {error}.", "Make sure that the model store is writable and has free space.") from error
    return store.open(model.manifest.name)


def _check_plain(folder: Path) -> None:
    """Raise StoreRefused for a link, a pipe, or a device: root would read, or give away, what another user points at."""
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink() or (path.exists() and not (path.is_file() or path.is_dir())):
            raise StoreRefused(f"{path} is a link or a special file.", "Put the file itself, or the folder, in its place.")


def _own(folder: Path, owner: int | None) -> None:
    for path in (folder, *folder.rglob("*")):
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)  # Path.chmod follows links
        try:
            os.fchmod(opened, FOLDER_MODE if stat.S_ISDIR(os.fstat(opened).st_mode) else FILE_MODE)
            if owner is not None:
                os.chown(opened, owner, owner)
        finally:
            os.close(opened)
