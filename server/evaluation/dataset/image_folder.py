"""The folder of a labelled set: lists its files at any depth, and finds the file for a name in the list."""

import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import NamedTuple

from server.evaluation.dataset.root_files import LEADS_OUT, RootFiles
from server.evaluation.evaluation_errors import DatasetInvalid
from server.images.picture_files import PICTURE_SUFFIXES, is_picture, is_side_file

MAX_FILES = 5_000_000
MAX_DEPTH = 32


class _Contents(NamedTuple):
    """What one folder holds, sorted; `side` are hidden and side files and folders."""

    files: list[str]
    folders: list[str]
    side: list[str]


class _Names(NamedTuple):
    """The files of one folder for a search by name, and by the name without its ending."""

    files: frozenset[str]
    stems: dict[str, list[str]]


class ImageFolder:
    """Reads every folder once. Leaves out hidden and side files; refuses a link out of the root, unless links are followed."""

    def __init__(self, contents: RootFiles) -> None:
        self.contents = contents
        self.root = contents.path
        self._seen: dict[str, _Contents] = {}  # by folder, like the others
        self._named: dict[str, _Names] = {}
        self._outer_side = Counter[str]()
        self._anywhere: dict[str, list[str]] | None = None
        if not self._is_folder(""):
            if not os.access(self.root, os.F_OK):
                raise DatasetInvalid(f"{self.root} does not exist.", "Name the folder of the set.")
            raise DatasetInvalid(f"{self.root} is not a folder.", "Unpack an archive first, and name the folder; --url sends one as it is.")

    def below(self, name: str) -> "ImageFolder":
        """One of its subfolders, with the same rules; it also counts the side files found so far."""
        folder = ImageFolder(self.contents.folder(name))
        folder._outer_side = self.side_files()
        return folder

    def files(self, below: str = "") -> list[str]:
        """The names of the files in one folder, sorted; raises DatasetInvalid if it cannot be read."""
        return self._scan(below).files

    def folders(self, below: str = "") -> list[str]:
        """The names of the folders in a folder, sorted; raises DatasetInvalid if it cannot be read."""
        return self._scan(below).folders

    def only_folder(self) -> str | None:
        """The one folder that lies here without a picture beside it, as in `val.zip` made from `val/`; None if there is another thing."""
        folders = self.folders()
        return folders[0] if len(folders) == 1 and not self.has_pictures() else None

    def has_pictures(self) -> bool:
        """Whether a picture lies in the folder itself."""
        return any(self._is_picture(name) for name in self.files())

    def walk(self, below: str = "") -> Iterator[str]:
        """The paths of all files in and below a folder, in a fixed order; raises DatasetInvalid below MAX_DEPTH folders."""
        if below.count("/") >= MAX_DEPTH:
            raise DatasetInvalid(f"{self.root / below} is more than {MAX_DEPTH} folders deep.", "A link may lead to a folder above it.")
        yield from (_join(below, name) for name in self.files(below))
        for name in self.folders(below):
            yield from self.walk(_join(below, name))

    def side_files(self) -> Counter[str]:
        """How many hidden and side files and folders there are of each name, in the folders read so far."""
        names = (name for contents in self._seen.values() for name in contents.side)
        return self._outer_side + Counter("._*" if name.startswith("._") else name for name in names)

    def side_paths(self) -> list[str]:
        """Their paths."""
        return [_join(below, name) for below, contents in self._seen.items() for name in contents.side]

    def unlisted_pictures(self, listed: Collection[str]) -> int:
        """The number of pictures, in the folders read so far, that are not among `listed`."""
        paths = (_join(below, name) for below, contents in self._seen.items() for name in contents.files)
        return sum(path not in listed and self._is_picture(path) for path in paths)

    def find(self, name: str) -> str | None:
        """The file of a name without its ending or with another ending; None if there is none.

        Raises DatasetInvalid if several files fit, or if the file is outside the folder.
        """
        return next((found for form in _forms(name) if (found := self._find(form))), None)

    def _find(self, name: str) -> str | None:
        path = PurePosixPath(name)
        below = "" if str(path.parent) == "." else str(path.parent)
        if not self._is_folder(below):
            return None
        names = self._names(below)
        if path.name in names.files:
            return name
        stems = names.stems
        found = stems.get(path.name) or (stems.get(path.stem, []) if path.suffix.casefold() in PICTURE_SUFFIXES else [])
        return str(PurePosixPath(below, self._one(found, name, below))) if found else None

    def find_anywhere(self, name: str) -> str | None:
        """The file with this name, or this name without its ending, in any folder; raises DatasetInvalid if there are several."""
        if self._anywhere is None:
            self._anywhere = {}
            for path in self.walk():
                file = path.rpartition("/")[2]
                for key in {file, _stem(file)}:
                    self._anywhere.setdefault(key, []).append(path)
        for form in _forms(name):
            if found := self._anywhere.get(form) or (
                self._anywhere.get(_stem(form)) if form.casefold().endswith(PICTURE_SUFFIXES) else None
            ):
                return self._one(found, form, "")
        return None

    def _one(self, found: list[str], name: str, below: str) -> str:
        if len(found) > 1:
            found = [file for file in found if file.casefold().endswith(PICTURE_SUFFIXES)] or found  # not the annotation beside a picture
        if len(found) > 1:
            raise DatasetInvalid(f"{name!r} may mean {' or '.join(found[:3])} in {self.root / below}.", "Write its folder and ending too.")
        return found[0]

    def _names(self, below: str) -> _Names:
        if (known := self._named.get(below)) is None:
            known = self._named[below] = _Names(frozenset(self.files(below)), {})
            for name in self.files(below):
                known.stems.setdefault(_stem(name), []).append(name)
        return known

    def _scan(self, below: str) -> _Contents:
        if (known := self._seen.get(below)) is not None:
            return known
        files: list[str] = []
        folders: list[str] = []
        side: list[str] = []
        try:
            for name, is_folder in self.contents.entries(below):
                if is_side_file(name):
                    side.append(name)
                    continue
                (folders if is_folder else files).append(name)
                if len(files) > MAX_FILES:
                    raise DatasetInvalid(f"{self.root / below} holds more than {MAX_FILES} files.", "Split the set.")
        except OSError as error:
            if error.errno == LEADS_OUT:
                raise DatasetInvalid(f"{self.root / below}: {error.strerror}.", "Copy the images into the folder.") from error
            raise DatasetInvalid(f"{self.root / below} cannot be read: {error.strerror}.") from error
        found = self._seen[below] = _Contents(sorted(files), sorted(folders), side)
        return found

    def _is_picture(self, name: str) -> bool:
        return is_picture(name, partial(self.contents.head, name))

    def _is_folder(self, name: str) -> bool:
        try:
            return stat.S_ISDIR(self.contents.mode(name))
        except OSError as error:  # a name that is too long, or a folder without access
            if error.errno == LEADS_OUT:
                raise DatasetInvalid(f"{self.root / name} leads out of the folder.", "Copy the images into the folder.") from error
            return False


def _join(below: str, name: str) -> str:
    return f"{below}/{name}" if below else name


def _forms(name: str) -> Iterator[str]:
    """A name as it is, and as others may have written it to the disk: macOS takes an accent from its letter."""
    yield name
    if not name.isascii():
        yield from (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]  # noqa: PTH122 - a Path for each of 50,000 takes a second
