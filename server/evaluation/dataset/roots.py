"""The folders that may be evaluated, and the path inside one of them for the names in a request."""

import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from server.evaluation.dataset.image_folder import ImageFolder
from server.evaluation.dataset.root_files import LEADS_OUT, RootFiles
from server.evaluation.evaluation_errors import DatasetForbidden, DatasetInvalid, DatasetNotFound
from server.settings import SettingInvalid

UPLOAD = "upload"  # the name of an uploaded data set, in the metrics and on disk
SETTING = "EVALUATION_ROOTS"


@dataclass(frozen=True, slots=True)
class Root:
    """A folder that may be evaluated, with everything below it; links in its path are resolved once, at the start."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Place:
    """A data set inside a root. `root` is the root's name; `labels` is relative to the folder."""

    root: str
    contents: RootFiles
    labels: Path | None


def parse_roots(text: str) -> tuple[Root, ...]:
    """The roots in the setting, `name=/path` or `/path` (the folder's name is used), with commas between; raises SettingInvalid."""
    roots: dict[str, Root] = {}
    for entry in filter(None, map(str.strip, text.split(","))):
        name, equals, path = entry.partition("=")
        folder = Path(path if equals else name)
        name = name if equals else folder.name
        if not name or "/" in name or name in roots or name == UPLOAD:
            raise SettingInvalid(f"{SETTING}: {entry!r} does not have its own name.", "Write name=/path, with different names.")
        if not folder.is_dir():
            raise SettingInvalid(f"{SETTING}: {folder} is not a folder.", "Name existing folders.")
        roots[name] = Root(name, folder.resolve())
    return tuple(roots.values())


def find_place(roots: tuple[Root, ...], dataset: str, labels: str | None) -> Place:
    """Find the folder and the list of a request: `root` or `root/below`, and a file below that folder.

    Raises DatasetNotFound for an unknown root or a path that does not exist, DatasetForbidden for a path outside its root.
    """
    name, _, below = dataset.partition("/")
    root = next((root for root in roots if root.name == name), None)
    if root is None:
        known = f"{SETTING} names: {', '.join(root.name for root in roots)}."
        none = f"{SETTING} names none. Start the server with {SETTING}=NAME=FOLDER, or send the set as an archive."
        raise DatasetNotFound(f"There is no data set {name[:80]!r}.", known if roots else none)
    contents = RootFiles(root.path).folder(below)
    if not stat.S_ISDIR(_mode(RootFiles(root.path), below)):
        raise DatasetNotFound(f"{dataset[:200]!r} is not a folder.", "A data set is a folder of images.")
    return Place(root.name, contents, _labels_of(contents, labels) if labels else None)


def _labels_of(contents: RootFiles, labels: str) -> Path:
    """The list of labels below the folder, or below the only folder in it."""
    try:
        _mode(contents, labels)
    except DatasetNotFound:
        with suppress(DatasetInvalid):  # a folder that cannot be read is told when the set is opened
            if only := ImageFolder(contents).only_folder():
                return only / _labels_of(contents.folder(only), labels)
        raise
    return Path(labels)


def _mode(start: RootFiles, below: str) -> int:
    """What is there; raises DatasetForbidden if it is outside the root, DatasetNotFound if it is missing."""
    if "\0" in below or Path(below).is_absolute() or ".." in Path(below).parts:
        raise DatasetForbidden(f"{below[:200]!r} is not a path below a data set.", "Give a relative path without `..`.")
    try:
        return start.mode(below)
    except OSError as error:
        if error.errno == LEADS_OUT:
            raise DatasetForbidden(f"{below[:200]!r} leads out of its data set.", "Links must stay inside the folder.") from error
        raise DatasetNotFound(f"{below[:200]!r} does not exist.") from error
