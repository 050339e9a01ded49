"""Puts finished models and artifacts into the store: whole or not at all, and never at another's cost."""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from models.manifest import Artifact, Golden, ModelManifest
from models.model_errors import ArtifactDamaged, ManifestOutdated, ModelError, StoreRefused
from models.store import ModelStore, StoredModel, sha256_of
from models.whole_file import FILE_MODE, whole_file, write_whole

FOLDER_MODE = 0o750
WORKSHOP = ".prepare-"
MANIFEST = "manifest.toml"

Fill = Callable[[Path], Artifact]


def place_model(store: ModelStore, manifest: ModelManifest, fill: Fill, *, force: bool = False) -> StoredModel:
    """Put a model into the store in one step, in place of a former one of its name.

    `fill(folder)` writes the labels and one artifact into a folder that is not in the store yet, and answers the artifact's
    entry. The former's artifacts for other chips are kept if `same_model`; if they would be lost, StoreRefused is raised
    unless `force`. Whatever happens, and if the process is killed, the store holds the former model or the new one, whole.
    """
    try:
        store.root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        with workshop(store.root) as place:
            folder = place / "new" / manifest.name
            folder.mkdir(parents=True)
            folder.chmod(FOLDER_MODE)  # mkdir's own mode is subject to the umask
            built = fill(folder)
            with locked(store.root):
                if not force:
                    check_nothing_lost(store, manifest, built.soc)
                kept = _keep(stored(store, manifest.name), manifest, built.soc, folder)
                manifest.model_copy(update={"artifacts": (built, *kept)}).write(folder / MANIFEST)
                _move(folder, store.root / manifest.name, aside=place / "former" / manifest.name)
    except OSError as error:
        raise StoreRefused(f"{store.root}: {error}.", "See that the model store can be written to and has room.") from error
    return store.open(manifest.name)


def add_artifact(model: StoredModel, file: Path, artifact: Artifact) -> StoredModel:
    """Move a finished file into the model's folder and its entry into the manifest, in place of the one of the same soc.

    Raises StoreRefused if the file is not the entry's, if its name is taken by another file of the model, or if the model has
    become another since `model` was opened. Entries that were added meanwhile are kept.
    """
    if sha256_of(file) != artifact.sha256:
        raise StoreRefused(f"{file} is not the file that was converted: its sha256 is not {artifact.sha256[:12]}….", "Convert it again.")
    folder = model.folder
    try:
        with locked(folder.parent):
            manifest = ModelManifest.read(folder / MANIFEST)
            if not same_model(manifest, model.manifest):
                raise StoreRefused(f"{folder} has become another model meanwhile.", "Convert again.")
            others = tuple(other for other in manifest.artifacts if other.soc != artifact.soc)
            if artifact.file in {MANIFEST, manifest.labels, *(other.file for other in others)}:
                raise StoreRefused(f"{folder / artifact.file} is another file of the model.", "Give the artifact another name.")
            _bring(file, folder / artifact.file)
            finished = manifest.model_copy(update={"artifacts": (*others, artifact)})
            finished.write(folder / MANIFEST)
            former = manifest.artifact(artifact.soc)
            if former and former.file != artifact.file:
                (folder / former.file).unlink(missing_ok=True)
    except OSError as error:
        raise StoreRefused(f"{folder}: {error}.", "See that the model store can be written to and has room.") from error
    return StoredModel(finished, folder)


def set_golden(model: StoredModel, image: bytes, golden: Golden) -> StoredModel:
    """Put the image into the model's folder and its entry into the manifest; raises StoreRefused."""
    folder = model.folder
    try:
        with locked(folder.parent):
            manifest = ModelManifest.read(folder / MANIFEST)
            write_whole(folder / golden.file, image)
            finished = manifest.model_copy(update={"golden": golden})
            finished.write(folder / MANIFEST)
            if manifest.golden and manifest.golden.file != golden.file:
                (folder / manifest.golden.file).unlink(missing_ok=True)
    except OSError as error:
        raise StoreRefused(f"{folder}: {error}.", "See that the model store can be written to and has room.") from error
    return StoredModel(finished, folder)


def renew_manifest(store: ModelStore, name: str) -> bool:
    """Write the manifest of an earlier version again in the words of today; False if it says them already.

    The model's files stay as they are, and their sha256 valid. Raises ModelError if there is no such model or its manifest
    cannot be read in any words, StoreRefused if the store cannot be written to.
    """
    folder = store.root / name
    try:
        with suppress(ManifestOutdated):
            store.open(name)
            return False
        with locked(store.root):
            ModelManifest.read(folder / MANIFEST, renew=True).write(folder / MANIFEST)
    except OSError as error:
        raise StoreRefused(f"{folder}: {error}.", "See that the model store can be written to and has room.") from error
    return True


def stored(store: ModelStore, name: str) -> StoredModel | None:
    """The model as it is in the store, perhaps damaged, if there is a manifest that can be read.

    Raises ManifestOutdated: only the words are old, and what was compiled for other chips would be lost.
    """
    try:
        return store.open(name)
    except ManifestOutdated:
        raise
    except ModelError:
        return None


def same_model(one: ModelManifest, other: ModelManifest) -> bool:
    """Whether an artifact of the one is an artifact of the other: the same weights, the same recipe."""
    return _identity(one) == _identity(other)


def _identity(manifest: ModelManifest) -> tuple[object, ...]:
    source = manifest.origin.sha256 if manifest.origin else None
    return manifest.architecture, manifest.classes, manifest.version, source, manifest.recipe.sha256


def check_nothing_lost(store: ModelStore, manifest: ModelManifest, soc: str = "cpu") -> None:
    """Raises StoreRefused if the store holds artifacts for other chips that a new model of that name would make wrong."""
    former = stored(store, manifest.name)
    if former is None or same_model(former.manifest, manifest):
        return
    lost = [artifact for artifact in former.manifest.artifacts if artifact.soc != soc]
    if lost:
        what = ", ".join(f"{artifact.file} ({artifact.soc})" for artifact in lost)
        raise StoreRefused(f"{former.folder} holds {what}, compiled from other weights or another recipe.", "Use --force to give that up.")


def _keep(former: StoredModel | None, manifest: ModelManifest, soc: str, folder: Path) -> tuple[Artifact, ...]:
    """The former model's artifacts for other chips, if they are intact and still right, brought into the new folder."""
    if former is None or not same_model(former.manifest, manifest):
        return ()
    kept = []
    for artifact in former.manifest.artifacts:
        target = folder / artifact.file
        if artifact.soc != soc and not target.exists():
            with suppress(ArtifactDamaged):
                _link(former.checked(artifact.file, artifact.sha256), target)
                kept.append(artifact)
    return tuple(kept)


def _link(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:  # not every file system has links
        shutil.copy(file, target)


def _bring(file: Path, place: Path) -> None:
    """Move a file to its place in one step, even from another file system."""
    file.chmod(FILE_MODE)
    try:
        file.replace(place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with whole_file(place) as unfinished:
            shutil.copyfile(file, unfinished)
        file.unlink()


def _move(folder: Path, place: Path, *, aside: Path) -> None:
    """Put the folder in its place, and back what was there if that fails half-way."""
    aside.parent.mkdir()
    try:
        if place.exists():
            place.rename(aside)
        folder.rename(place)
    except BaseException:
        if aside.exists() and not place.exists():
            aside.rename(place)
        raise


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """The store's lock: of two conversions the second one's last step waits for the first one's."""
    with (root / ".lock").open("a") as lock:
        (root / ".lock").chmod(FILE_MODE)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def workshop(root: Path) -> Iterator[Path]:
    """A folder for what is not finished, on the store's file system, until the end of the block.

    Those of processes that were killed are cleared away. `root` must exist.
    """
    with locked(root):
        for left in root.glob(f"{WORKSHOP}*"):
            _clear(left)
        place = Path(tempfile.mkdtemp(prefix=WORKSHOP, dir=root))
        alive = (place / "alive").open("w")
        fcntl.flock(alive, fcntl.LOCK_EX)  # until this process closes it, or dies
    try:
        with alive:
            yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _clear(workshop: Path) -> None:
    """Remove a workshop whose process is gone; a model it had just moved aside goes back."""
    with (workshop / "alive").open("a") as alive:
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for former in (workshop / "former").glob("*"):
            if not (place := workshop.parent / former.name).exists():
                former.rename(place)
        shutil.rmtree(workshop, ignore_errors=True)
