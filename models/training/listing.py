"""The images of a data set and their classes, read from class folders or from a list file.

- Class folders: one folder per class, sorted by name; the class id is the position. If there is `train/` next to `eval/`, `val/`,
`validation/` or `test/` (CIFAR-10 as folders, ImageNet), the caller's wish (training or evaluation) selects the folder.
- A list file: one `name class_id` per line, as in `val_label.txt`; names are relative to the data set's folder and may have spaces.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from models.text_file import read_text, text_lines
from models.training.training_errors import DataInvalid

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp"))
TRAINING = ("train",)
EVALUATION = ("eval", "val", "validation", "test")
MAX_LIST_BYTES = 1 << 30
MAX_LABEL = 1_000_000


@dataclass(frozen=True)
class Listing:
    """Images and their class ids, in an order that follows only from the names; `classes` is empty for a list file."""

    root: Path
    names: tuple[str, ...]
    labels: tuple[int, ...]
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def path(self, index: int) -> Path:
        """The path of an image."""
        return self.root / self.names[index]

    def check_classes(self, num_classes: int) -> None:
        """Raise DataInvalid if the number of classes does not fit `num_classes`."""
        if self.classes and len(self.classes) != num_classes:
            raise DataInvalid(f"{self.root} has {len(self.classes)} class folders, but num_classes is {num_classes}.", "Set num_classes.")
        if (highest := max(self.labels)) >= num_classes:
            name = self.names[self.labels.index(highest)]
            raise DataInvalid(f"{name} of {self.root} has the class {highest}, but num_classes is {num_classes}.", "Class ids start at 0.")


def read_listing(path: Path, list_file: Path | None = None, *, training: bool = True) -> Listing:
    """The images of a data set; raises DataInvalid with a remedy if there is none at that path.

    In a data set with `train/` and `eval/` (or `val/` …), `training` selects the folder. The other folder must have the same classes,
    because a missing class folder would shift the ids after it. A path to a file is a list file for the folder it is in.
    """
    if path.is_file() and list_file is None:
        path, list_file = path.parent, path
    if not path.is_dir():
        near = next((parent for parent in path.parents if parent.is_dir()), Path())
        raise DataInvalid(f"{path} does not exist.", f"{near} exists; set data_path to a folder of class folders.")
    if list_file is not None:
        return _from_list(path, list_file)
    root = _side(path, training=training)
    listing = _from_folders(root)
    if root != path:
        _check_same_classes(path, listing, training=training)
    return listing


def _side(path: Path, *, training: bool) -> Path:
    sides = [path / name for name in (TRAINING if training else EVALUATION) if (path / name).is_dir()]
    if sides:
        return sides[0]
    others = [name for name in (EVALUATION if training else TRAINING) if (path / name).is_dir()]
    if others and len(_folders(path)) <= len(TRAINING + EVALUATION):
        wanted = TRAINING[0] if training else f"{EVALUATION[0]}, {EVALUATION[1]} or {EVALUATION[-1]}"
        raise DataInvalid(f"{path} holds {others[0]}/, but no {wanted}.", "Add that folder, or give the path of the class folders.")
    return path


def _from_folders(root: Path) -> Listing:
    classes = _folders(root)
    if not classes:
        held = "images" if any(_images(root)) else "no folders"
        raise DataInvalid(
            f"{root} holds {held}, but one folder per class is expected.", "Sort the images into class folders, or give a list file."
        )
    names, labels, empty = [], [], []
    for label, name in enumerate(classes):
        images = sorted(_images(root / name))
        names += [f"{name}/{image}" for image in images]
        labels += [label] * len(images)
        if not images:
            empty.append(name)
    if empty:
        shown = ", ".join(empty[:5]) + (" …" if len(empty) > 5 else "")
        raise DataInvalid(
            f"{len(empty)} of {len(classes)} class folders of {root} are empty: {shown}.",
            f"Fill or remove them; images end in {', '.join(sorted(SUFFIXES))}.",
        )
    return Listing(root, tuple(names), tuple(labels), tuple(classes))


def _folders(root: Path) -> list[str]:
    with os.scandir(root) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))


def _images(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if os.path.splitext(entry.name)[1].lower() in SUFFIXES and not entry.name.startswith(".") and entry.is_file():  # noqa: PTH122 - a million names
                yield entry.name


def _check_same_classes(path: Path, listing: Listing, *, training: bool) -> None:
    for side in EVALUATION if training else TRAINING:
        if (path / side).is_dir():
            other = set(_folders(path / side))
            for name in sorted(other.symmetric_difference(listing.classes)):
                missing = path / side if name in listing.classes else listing.root
                raise DataInvalid(f"The class {name!r} has no folder in {missing}.", "Both sides need the same class folders.")
            return


def _from_list(root: Path, list_file: Path) -> Listing:
    try:
        lines = text_lines(read_text(list_file, MAX_LIST_BYTES))
    except (OSError, ValueError) as error:
        raise DataInvalid(f"The list {list_file} cannot be read: {error}.", "Give a text file of lines `name class_id`.") from None
    names, labels = [], []
    for number, line in enumerate(lines, 1):
        if line.strip():
            name, label = _entry(line, f"{list_file}, line {number}")
            names.append(name)
            labels.append(label)
    if not names:
        raise DataInvalid(f"The list {list_file} is empty.", "Write lines `name class_id`.")
    twice, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise DataInvalid(f"{list_file} names {twice!r} twice.", "Every image counts once.")
    if not (root / names[0]).is_file():
        raise DataInvalid(f"{root / names[0]}, the first image of {list_file}, does not exist.", "Names are relative to data_path.")
    return Listing(root, tuple(names), tuple(labels))


def _entry(line: str, where: str) -> tuple[str, int]:
    name, _, label = line.strip().rpartition(" ")
    name = name.strip()
    if not name or not (label.isascii() and label.isdigit()) or len(label) > 7 or int(label) > MAX_LABEL:
        raise DataInvalid(f"{where}: {line[:80]!r} is not `name class_id`.", "Class ids are whole numbers from 0 on.")
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\0" in name:
        raise DataInvalid(f"{where}: {name[:80]!r} leads out of the data set.", "Names are relative to data_path.")
    return name, int(label)
