"""Puts finished models and artifacts into the store: complete or not at all, and without loss of another model's files."""

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from models.artifact_facts import provenance_path
from models.chinese_names import own_file
from models.fitted_calibration import FittedCalibration
from models.manifest import CPU, Artifact, Golden, ModelManifest
from models.model_errors import ArtifactDamaged, ModelError, StoreRefused
from models.model_files import bring_file, exchange, link, link_artifact, other_name
from models.store import MANIFEST, ModelStore, StoredModel, sha256_of
from models.whole_file import FILE_MODE, write_whole

FOLDER_MODE = 0o750
WORKSHOP = ".prepare-"

Fill = Callable[[Path], Artifact]
Entry = TypeVar("Entry", Artifact, Golden)


def place_model(store: ModelStore, manifest: ModelManifest, fill: Fill, *, force: bool = False) -> StoredModel:
    """Put a model into the store in one step, in place of a former model of that name.

    `fill(folder)` writes the labels and one artifact into a folder that is not in the store yet, and returns the artifact's
    entry. The former model's other artifacts (for chips, and the int8 one for a CPU), its golden image and its calibration are kept if
    `same_model`; if artifacts would be lost, raises StoreRefused unless `force`. After any error, even a kill, the store holds the
    complete former model or the complete new one.
    """
    store.check_takes_models()
    try:
        store.root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        with workshop(store.root) as place:
            folder = place / "new" / manifest.name
            folder.mkdir(parents=True)
            folder.chmod(FOLDER_MODE)  # the umask changes mkdir's own mode
            built = fill(folder)
            with locked(store.root):
                if not force:
                    check_nothing_lost(store, manifest, built)
                new = manifest.model_copy(update={"artifacts": (built,)})
                _with_kept(stored(store, manifest.name), new, folder).write(folder / MANIFEST)
                _move(folder, store.root / manifest.name, aside=place / "former" / manifest.name)
    except OSError as error:
        raise StoreRefused(f"{store.root}: {error}.", "Make sure that the model store is writable and has free space.") from error
    return store.open(manifest.name)


def add_artifact(
    model: StoredModel, file: Path, artifact: Artifact, provenance: bytes = b"", *, without: tuple[Artifact, ...] = ()
) -> StoredModel:
    """Move a finished file into the model's folder and its entry into the manifest, in place of the artifact that it replaces.

    `provenance` is the content of the file that says where an OM comes from; without it a former one is removed. Artifacts of `without`
    are removed in the same step. After any error, even a kill, the model has the former artifact or the new one, and is whole.
    Raises StoreRefused if the file does not match the entry, if another file of the model has that name, or if another process
    has replaced the model since `model` was opened. Keeps entries that other processes have added since then.
    """
    if sha256_of(file) != artifact.sha256:
        raise StoreRefused(f"{file} is not the file that was converted: its sha256 is not {artifact.sha256[:12]}….", "Convert it again.")
    folder = model.folder
    try:
        with locked(folder.parent):
            manifest = ModelManifest.read(folder / MANIFEST)
            if not same_model(manifest, model.manifest):
                raise StoreRefused(f"{folder} was replaced by another model during the conversion.", "Convert again.")
            others = tuple(other for other in manifest.artifacts if not artifact.replaces(other) and other not in without)
            if artifact.file in {MANIFEST, manifest.labels, *(other.file for other in others)}:
                raise StoreRefused(f"{folder / artifact.file} is another file of the model.", "Give the artifact another name.")

            def bring(place: Path) -> None:
                bring_file(file, place)
                if provenance:
                    write_whole(provenance_path(place), provenance)
                else:
                    provenance_path(place).unlink(missing_ok=True)

            def naming(name: str) -> ModelManifest:
                return manifest.model_copy(update={"artifacts": (*others, artifact.model_copy(update={"file": name}))})

            formers = [former.file for former in manifest.artifacts if former not in others]
            finished = exchange(folder, artifact, formers, bring, naming)
    except OSError as error:
        raise StoreRefused(f"{folder}: {error}.", "Make sure that the model store is writable and has free space.") from error
    return StoredModel(finished, folder)


def set_golden(model: StoredModel, image: bytes, golden: Golden) -> StoredModel:
    """Put the image into the model's folder and the entry into the manifest, whole at every moment; raises StoreRefused."""
    folder = model.folder
    try:
        with locked(folder.parent):
            manifest = ModelManifest.read(folder / MANIFEST)
            finished = exchange(
                folder,
                golden,
                [manifest.golden.file] if manifest.golden else [],
                lambda place: write_whole(place, image),
                lambda name: manifest.model_copy(update={"golden": golden.model_copy(update={"file": name})}),
            )
    except OSError as error:
        raise StoreRefused(f"{folder}: {error}.", "Make sure that the model store is writable and has free space.") from error
    return StoredModel(finished, folder)


def set_calibration(model: StoredModel, fitted: FittedCalibration | None) -> StoredModel:
    """Put a calibration into the manifest, in place of a former one; None takes the former one out.

    Raises StoreRefused if another process has changed the model since `model` was opened.
    """
    folder = model.folder
    try:
        with locked(folder.parent):
            manifest = ModelManifest.read(folder / MANIFEST)
            if manifest != model.manifest:
                raise StoreRefused(f"{folder} was changed while the calibration was made.", "Calibrate again.")
            finished = manifest.model_copy(update={"calibration": fitted})
            finished.write(folder / MANIFEST)
    except OSError as error:
        raise StoreRefused(f"{folder}: {error}.", "Make sure that the model store is writable and has free space.") from error
    return StoredModel(finished, folder)


def stored(store: ModelStore, name: str) -> StoredModel | None:
    """The model in the store, even a damaged one; None if it has no readable manifest."""
    try:
        return store.open(name)
    except ModelError:
        return None


def same_model(one: ModelManifest, other: ModelManifest) -> bool:
    """Whether both manifests can share artifacts: the weights and the recipe are the same."""
    return _identity(one) == _identity(other)


def _identity(manifest: ModelManifest) -> tuple[object, ...]:
    source = manifest.origin.sha256 if manifest.origin else None
    return manifest.architecture, manifest.classes, manifest.version, source, manifest.recipe.sha256


def _scores_of(manifest: ModelManifest) -> tuple[object, ...]:
    """Which output the scores come from, and their kind."""
    return (manifest.origin.output, manifest.origin.score_type) if manifest.origin else ()


def check_nothing_lost(store: ModelStore, manifest: ModelManifest, built: Artifact | None = None) -> None:
    """Raise StoreRefused if the store holds other artifacts than the new one that do not fit a new model of that name.

    The new one is `built`, or else that for a CPU in float32.
    """
    former = stored(store, manifest.name)
    if former is None or same_model(former.manifest, manifest):
        return
    replaced = built or former.manifest.artifact(CPU)
    lost = [artifact for artifact in former.manifest.artifacts if not (replaced and replaced.replaces(artifact))]
    if lost:
        what = ", ".join(f"{artifact.file} ({artifact.target})" for artifact in lost)
        raise StoreRefused(f"{former.folder} holds {what}, made from other weights or another recipe.", "Use --force to delete them.")


def _with_kept(former: StoredModel | None, manifest: ModelManifest, folder: Path) -> ModelManifest:
    """The new folder's manifest, with what the former model has and the new one lacks, if it is the same model; brings the files.

    That is: intact artifacts, the golden image, the calibration, and the Chinese names, which only a person can write again.
    """
    if former is None or not same_model(former.manifest, manifest):
        return manifest
    names, own = own_file(former), own_file(StoredModel(manifest, folder))
    if former.manifest.labels_sha256 == manifest.labels_sha256 and names.is_file() and not own.exists():
        link(names, own)
    others = [each for each in former.manifest.artifacts if not any(new.replaces(each) for new in manifest.artifacts)]
    artifacts = [*manifest.artifacts, *(kept for each in others if (kept := _kept(former, each, folder)))]
    golden, calibration = manifest.golden, manifest.calibration
    if _scores_of(former.manifest) == _scores_of(manifest):  # both are about the scores
        calibration = calibration or former.manifest.calibration
        if golden is None and former.manifest.golden:
            golden = _kept(former, former.manifest.golden, folder)
    return manifest.model_copy(update={"artifacts": tuple(artifacts), "golden": golden, "calibration": calibration})


def _kept(former: StoredModel, entry: Entry, folder: Path) -> Entry | None:
    """The entry of a file of the former model, once it lies in the new folder; None if it is damaged."""
    name = other_name(entry) if (folder / entry.file).exists() else entry.file
    with suppress(ArtifactDamaged):
        link_artifact(former.checked(entry.file, entry.sha256), folder / name)
        return entry.model_copy(update={"file": name})
    return None


def replace_model(store: ModelStore, folder: Path, unfinished: Path, finish: Callable[[], None], *, force: bool = False) -> None:
    """Put a folder of a workshop into the store, in place of a former model of that name, and keep of it what `place_model` keeps.

    `finish` is called when the folder has all its files. Raises OSError; StoreRefused unless `force`, if another model would be lost.
    """
    place, manifest = store.root / folder.name, ModelManifest.read(folder / MANIFEST)
    with locked(store.root):
        former = stored(store, folder.name)
        if not force and place.exists() and not (former and same_model(former.manifest, manifest)):
            raise StoreRefused(f"{place} holds other weights or another recipe.", "Use --force to replace them.")
        if (whole := _with_kept(former, manifest, folder)) != manifest:
            whole.write(folder / MANIFEST)
        finish()
        _move(folder, place, aside=unfinished / "former" / folder.name)


def _move(folder: Path, place: Path, *, aside: Path) -> None:
    """Put the folder in its place; if that fails half-way, restore the former folder."""
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
    """Hold the store's lock: a second conversion waits here for the last step of the first one."""
    with (root / ".lock").open("a") as lock:
        (root / ".lock").chmod(FILE_MODE)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def workshop(root: Path) -> Iterator[Path]:
    """A folder for unfinished files, on the store's file system, until the end of the block.

    Removes such folders of killed processes. `root` must exist.
    """
    with locked(root):
        for left in root.glob(f"{WORKSHOP}*"):
            _clear(left)
        place = Path(tempfile.mkdtemp(prefix=WORKSHOP, dir=root))
        alive = (place / "alive").open("w")
        fcntl.flock(alive, fcntl.LOCK_EX)  # until this process closes it or dies
    try:
        with alive:
            yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _clear(workshop: Path) -> None:
    """Remove a workshop whose process is dead; restore a model that the process had just moved aside."""
    with (workshop / "alive").open("a") as alive:
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for former in (workshop / "former").glob("*"):
            if not (place := workshop.parent / former.name).exists():
                former.rename(place)
        shutil.rmtree(workshop, ignore_errors=True)
