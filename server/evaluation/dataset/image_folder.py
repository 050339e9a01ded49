"""The folder of a labelled set: lists its images, and finds the file for a name in the list."""

import os
import stat
from pathlib import PurePosixPath

from server.evaluation.dataset.root_files import LEADS_OUT, RootFiles
from server.evaluation.evaluation_errors import DatasetInvalid
from server.serving.classify_files import IMAGE_SUFFIXES

MAX_FILES = 5_000_000


class ImageFolder:
    """Reads every folder once. Ignores hidden files; refuses a link that leads out of the root, unless links are followed."""

    def __init__(self, contents: RootFiles) -> None:
        self.contents = contents
        self.root = contents.path
        self._files: dict[str, set[str]] = {}  # by folder, like the others
        self._stems: dict[str, dict[str, list[str]]] = {}
        self._images: dict[str, list[str]] = {}
        self._folders: dict[str, list[str]] = {}
        if not self._is_folder(""):
            raise DatasetInvalid(f"{self.root} is not a folder.")

    def below(self, name: str) -> "ImageFolder":
        """One of its subfolders, with the same rules."""
        return ImageFolder(self.contents.folder(name))

    def images(self, below: str = "") -> list[str]:
        """The names of the images of one folder, sorted; raises DatasetInvalid if it cannot be read."""
        self._scan(below)
        return self._images[below]

    def folders(self, below: str = "") -> list[str]:
        """The names of the folders in a folder, sorted; raises DatasetInvalid if it cannot be read."""
        self._scan(below)
        return self._folders[below]

    def image_count(self) -> int:
        """The number of images in all folders read so far."""
        return sum(map(len, self._images.values()))

    def find(self, name: str) -> str | None:
        """The file of a name without its ending or with another ending; None if there is none.

        Raises DatasetInvalid if several files fit, or if the file is outside the folder.
        """
        path = PurePosixPath(name)
        below = "" if str(path.parent) == "." else str(path.parent)
        if not self._is_folder(below):
            return None
        self._scan(below)
        if path.name in self._files[below]:
            return name
        stems = self._stems[below]
        found = stems.get(path.name) or (stems.get(path.stem, []) if path.suffix.lower() in IMAGE_SUFFIXES else [])
        if len(found) > 1:
            raise DatasetInvalid(f"{name!r} may mean {' or '.join(found)} in {self.root / below}.", "Write its ending too.")
        return str(PurePosixPath(below, found[0])) if found else None

    def _scan(self, below: str) -> None:
        if below in self._files:
            return
        files: set[str] = set()
        stems: dict[str, list[str]] = {}
        images, folders = [], []
        try:
            for name, is_folder in self.contents.entries(below):
                if name.startswith("."):
                    continue
                if is_folder:
                    folders.append(name)
                    continue
                files.add(name)
                stem, ending = os.path.splitext(name)  # noqa: PTH122 - a Path for each of 50,000 takes a second
                if ending.lower() in IMAGE_SUFFIXES:
                    images.append(name)
                    stems.setdefault(stem, []).append(name)
                if len(files) > MAX_FILES:
                    raise DatasetInvalid(f"{self.root / below} holds more than {MAX_FILES} files.", "Split the set.")
        except OSError as error:
            if error.errno == LEADS_OUT:
                raise DatasetInvalid(f"{self.root / below}: {error.strerror}.", "Copy the images into the folder.") from error
            raise DatasetInvalid(f"{self.root / below} cannot be read: {error.strerror}.") from error
        self._files[below], self._stems[below] = files, stems
        self._images[below], self._folders[below] = sorted(images), sorted(folders)

    def _is_folder(self, name: str) -> bool:
        try:
            return stat.S_ISDIR(self.contents.mode(name))
        except OSError as error:  # a name that is too long, or a folder without access
            if error.errno == LEADS_OUT:
                raise DatasetInvalid(f"{self.root / name} leads out of the folder.", "Copy the images into the folder.") from error
            return False
