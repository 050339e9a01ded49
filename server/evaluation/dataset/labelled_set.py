"""A labelled set: the images to classify, in a fixed order, each with its class."""

import errno
import hashlib
import os
import stat
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pipelines.task_metric import MAX_LABEL_BYTES
from server.evaluation.dataset.image_folder import ImageFolder
from server.evaluation.dataset.label_files import read_label_file
from server.evaluation.dataset.label_map import map_labels
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.evaluation_errors import DatasetInvalid
from server.serving.classify_files import IMAGE_SUFFIXES

IMAGES = "images"
LABEL_FILES = ("val_label.txt", "labels.txt", "labels.csv")  # used if the request names no file

_NO_LABEL = -1


class Item(NamedTuple):
    """One image: its name in the list, its expected path, and its class id."""

    name: str
    path: Path
    label: int | None


@dataclass(frozen=True)
class LabelledSet:
    """The list in a fixed order: the same files give the same order. It does not store `Item`s, to save memory."""

    contents: RootFiles
    format: str
    notes: tuple[str, ...]
    names: Sequence[str] = field(repr=False)
    files: Sequence[str] = field(repr=False)
    labels: "array[int]" = field(repr=False)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Item:
        label = self.labels[index]
        return Item(self.names[index], self.contents.path / self.files[index], None if label == _NO_LABEL else label)

    def read(self, index: int, max_bytes: int) -> bytes:
        """The content of an image's file, as it is now; raises OSError if it is no plain file of the set, EFBIG above `max_bytes`."""
        return self.contents.read(self.files[index], max_bytes)

    def __iter__(self) -> Iterator[Item]:
        return (self[index] for index in range(len(self)))

    @property
    def labelled(self) -> int:
        """The number of images with a label."""
        return len(self) - self.labels.count(_NO_LABEL)

    @property
    def sha256(self) -> str:
        """Hash over names and labels in the list's order."""
        digest = hashlib.sha256()
        for name, label in zip(self.names, self.labels, strict=True):
            digest.update(f"{name}\t{label}\n".encode())
        return digest.hexdigest()

    def first(self, limit: int | None) -> "LabelledSet":
        """At most `limit` of them, evenly spread over the list, because lists are often sorted by class; raises DatasetInvalid below 1."""
        if limit is None or limit >= len(self):
            return self
        if limit < 1:
            raise DatasetInvalid(f"A limit of {limit} leaves no images.", "Use at least 1.")
        chosen = [place * len(self) // limit for place in range(limit)]
        return LabelledSet(
            self.contents,
            self.format,
            (*self.notes, f"{limit} of {len(self)} images, evenly spread over the list."),
            [self.names[index] for index in chosen],
            [self.files[index] for index in chosen],
            array("i", (self.labels[index] for index in chosen)),
        )


def open_labelled_set(contents: RootFiles, labels: Path | None, class_names: Sequence[str], *, limit: int | None = None) -> LabelledSet:
    """Read the list of a set: a folder with a file of labels, or a folder of class folders. A path of labels is relative to the folder.

    An unreadable image stays in the list and fails later, in its turn. A client must not choose an absolute path of labels.
    Raises DatasetInvalid, with the place, if the files do not give a list of labelled images.
    """
    folder = ImageFolder(contents)
    notes: list[str] = []
    if labels is None and (found := [name for name in LABEL_FILES if _is_there(contents, name)]):
        if len(found) > 1:
            raise DatasetInvalid(f"{contents.path} holds {' and '.join(found)}.", "Choose the file of labels.")
        labels = Path(found[0])
        notes.append(f"Labels from {labels.name}, which is in the folder.")
    listed = _from_list(folder, labels, class_names, notes) if labels else _from_class_folders(folder, class_names, notes)
    return listed.first(limit)


def _from_class_folders(folder: ImageFolder, class_names: Sequence[str], notes: list[str]) -> LabelledSet:
    loose = folder.images()
    images = {name: found for name in folder.folders() if (found := folder.images(name))}
    if not images:
        if not loose:
            raise DatasetInvalid(f"{folder.root} has no images.", f"Images end with {', '.join(IMAGE_SUFFIXES)}.")
        raise DatasetInvalid(f"{folder.root} holds {len(loose)} images but no labels.", "Give a file of labels, or use class folders.")
    if loose:
        notes.append(f"{len(loose)} images outside the class folders are left out.")
    mapped = map_labels(images.keys(), class_names)
    files = [f"{name}/{image}" for name, found in images.items() for image in found]
    ids = array("i", (mapped.ids[name] for name, found in images.items() for _ in found))
    names = [_printable(file) for file in files]
    return LabelledSet(folder.contents, f"class folders ({mapped.kind})", (*notes, *mapped.notes), names, files, ids)


def _from_list(folder: ImageFolder, labels: Path, class_names: Sequence[str], notes: list[str]) -> LabelledSet:
    content = _read_labels(folder.contents, labels)
    labels = folder.root / labels
    found = read_label_file(content, labels)
    distinct = {line.label for line in found.lines if line.label}
    if not distinct:
        raise DatasetInvalid(f"{labels} holds {len(found.lines)} names but no labels.", "A line is a name and a label.")
    folder = _where_the_images_are(folder, _relative(found.lines[0].name, labels, found.lines[0].line), notes)
    mapped = map_labels(distinct, class_names)
    first_line: dict[str, int] = {}  # by file
    names: list[str] = []
    ids = array("i")
    repeated = missing = 0
    for line in found.lines:
        relative = _relative(line.name, labels, line.line)
        found_file = folder.find(relative)
        file = found_file or relative
        label = mapped.ids[line.label] if line.label else _NO_LABEL
        before = first_line.setdefault(file, len(names))
        if before < len(names):
            if ids[before] != label:
                where = f"{labels}, line {line.line}"
                raise DatasetInvalid(
                    f"{where}: {line.name!r} already has another label, as {names[before]!r}.", "Give each image one label."
                )
            repeated += 1
            continue
        missing += found_file is None
        names.append(line.name)
        ids.append(label)
    present = len(names) - missing
    if not present:
        raise DatasetInvalid(f"None of the {len(names)} images of {labels} is in {folder.root}.", f"The first is {names[0]!r}.")
    if repeated:
        notes.append(f"{repeated} lines repeat an image with the same label and are counted once.")
    if (left_out := folder.image_count() - present) > 0:
        notes.append(f"{left_out} images of the folder are not in the list and are left out.")
    if missing:
        notes.append(f"{missing} images of the list are not in the folder: they count as failures.")
    return LabelledSet(folder.contents, f"{found.format} ({mapped.kind})", (*notes, *mapped.notes), names, list(first_line), ids)


def _is_there(contents: RootFiles, name: str) -> bool:
    """Whether something is there that may be a file of labels; what it is, is seen when it is read."""
    try:
        return not stat.S_ISDIR(contents.mode(name))
    except OSError as error:
        return error.errno not in (errno.ENOENT, errno.ENOTDIR)


def _read_labels(contents: RootFiles, labels: Path) -> bytes:
    try:
        if labels.is_absolute():
            return RootFiles(labels.parent, follow_links=True).read(labels.name, MAX_LABEL_BYTES)
        return contents.read(str(labels), MAX_LABEL_BYTES)
    except OSError as error:
        raise DatasetInvalid(f"{contents.path / labels} cannot be read: {error.strerror}.") from error


def _where_the_images_are(folder: ImageFolder, first: str, notes: list[str]) -> ImageFolder:
    """The folder itself, or its `images/` if it has no images and does not hold the first image of the list."""
    if folder.images() or IMAGES not in folder.folders() or folder.find(first):
        return folder
    notes.append(f"Images from {IMAGES}/, which is next to the list.")
    return folder.below(IMAGES)


def _relative(name: str, labels: Path, line: int) -> str:
    """A name that stays inside the folder, with slashes between its parts."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        raise DatasetInvalid(
            f"{labels}, line {line}: {name[:80]!r} is not a name inside the folder.", "Names are relative to the folder of the images."
        )
    return str(path)


def _printable(file: str) -> str:
    """A file's name as text, also if its bytes are not UTF-8."""
    return os.fsencode(file).decode("utf-8", "backslashreplace")
