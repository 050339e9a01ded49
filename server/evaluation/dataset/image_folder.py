"""The folder of a labelled set: lists its images, and finds the file for a name in the list."""

import os
from pathlib import Path, PurePosixPath

from server.evaluation.evaluation_errors import DatasetInvalid
from server.serving.classify_files import IMAGE_SUFFIXES

MAX_FILES = 5_000_000


class ImageFolder:
    """Reads every folder once. Ignores hidden files; refuses a link that leads out of the folder, unless links are followed."""

    def __init__(self, root: Path, *, follow_links: bool = False) -> None:
        self.root = root
        self._real_root = os.path.realpath(root)
        self._follow_links = follow_links
        self._files: dict[str, set[str]] = {}  # by folder, like the others
        self._stems: dict[str, dict[str, list[str]]] = {}
        self._images: dict[str, list[str]] = {}
        self._folders: dict[str, list[str]] = {}
        if not _is_folder(root):
            raise DatasetInvalid(f"{root} is not a folder.")

    def below(self, name: str) -> "ImageFolder":
        """One of its subfolders, with the same rules."""
        return ImageFolder(self.root / name, follow_links=self._follow_links)

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
        if not _is_folder(self.root / below):
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
        self._inside(self.root / below)
        files: set[str] = set()
        stems: dict[str, list[str]] = {}
        images, folders = [], []
        try:
            with os.scandir(self.root / below) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_symlink():
                        self._inside(Path(entry.path))
                    if entry.is_dir():
                        folders.append(entry.name)
                        continue
                    files.add(entry.name)
                    stem, ending = os.path.splitext(entry.name)  # noqa: PTH122 - a Path for each of 50,000 takes a second
                    if ending.lower() in IMAGE_SUFFIXES:
                        images.append(entry.name)
                        stems.setdefault(stem, []).append(entry.name)
                    if len(files) > MAX_FILES:
                        raise DatasetInvalid(f"{self.root / below} holds more than {MAX_FILES} files.", "Split the set.")
        except OSError as error:
            raise DatasetInvalid(f"{self.root / below} cannot be read: {error.strerror}.") from error
        self._files[below], self._stems[below] = files, stems
        self._images[below], self._folders[below] = sorted(images), sorted(folders)

    def _inside(self, path: Path) -> None:
        if self._follow_links:
            return
        real = os.path.realpath(path)
        if real != self._real_root and not real.startswith(self._real_root + os.sep):
            raise DatasetInvalid(f"{path} leads out of {self.root}.", "Copy the images into the folder.")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long, or a folder without access
        return False
