"""The files of a model in its folder, and how one takes the place of another: the model is whole at every moment."""

import errno
import os
import shutil
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from models.artifact_facts import provenance_path
from models.manifest import Artifact, Golden, ModelManifest
from models.store import MANIFEST
from models.whole_file import FILE_MODE, whole_file


def exchange(
    folder: Path, new: Artifact | Golden, formers: Collection[str], bring: Callable[[Path], None], naming: Callable[[str], ModelManifest]
) -> ModelManifest:
    """Bring a file, write the manifest that names it, and remove the former files: between any two steps the model is whole.

    A file with the name of a former one lies under another name until that one is gone.
    """
    taken = new.file in formers
    first = other_name(new) if taken else new.file
    bring(folder / first)
    finished = naming(first)
    finished.write(folder / MANIFEST)
    _remove(folder, formers)
    if taken:
        link_artifact(folder / first, folder / new.file)
        finished = naming(new.file)
        finished.write(folder / MANIFEST)
        _remove(folder, [first])
    return finished


def other_name(entry: Artifact | Golden) -> str:
    """A name for the entry's file where its own is taken: with digits of its sha256."""
    path = Path(entry.file)
    return f"{path.stem[:100]}.{entry.sha256[:12]}{path.suffix}"  # a manifest takes 128 characters


def _remove(folder: Path, files: Iterable[str]) -> None:
    for file in files:
        (folder / file).unlink(missing_ok=True)
        provenance_path(folder / file).unlink(missing_ok=True)


def link_artifact(file: Path, target: Path) -> None:
    """Give a file, and what tells where an OM comes from, a second place; raises OSError."""
    link(file, target)
    if (beside := provenance_path(file)).is_file():
        link(beside, provenance_path(target))


def link(file: Path, target: Path) -> None:
    """Give a file a second place, by a copy where the file system has no links; raises OSError."""
    try:
        os.link(file, target)
    except OSError:  # some file systems have no links
        shutil.copy(file, target)


def bring_file(file: Path, place: Path) -> None:
    """Move a file to its place in one step, also from another file system."""
    file.chmod(FILE_MODE)
    try:
        file.replace(place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with whole_file(place) as unfinished:
            shutil.copyfile(file, unfinished)
        file.unlink()
