"""A labelled set: the images to classify, in a fixed order, each with its class."""

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from server.evaluation.dataset.class_groups import Groups
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.evaluation_errors import DatasetInvalid

NO_LABEL = -1


class Item(NamedTuple):
    """One image: its name in the list, its expected path, and its class id."""

    name: str
    path: Path
    label: int | None


@dataclass(frozen=True)
class LabelledSet:
    """The list in a fixed order: the same files give the same order. It does not store `Item`s, to save memory.

    `groups` are the labels that stand for several classes.
    """

    contents: RootFiles
    format: str
    notes: tuple[str, ...]
    names: Sequence[str] = field(repr=False)
    files: Sequence[str] = field(repr=False)
    labels: "array[int]" = field(repr=False)
    groups: Groups = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Item:
        label = self.labels[index]
        return Item(self.names[index], self.contents.path / self.files[index], None if label == NO_LABEL else label)

    def read(self, index: int, max_bytes: int) -> bytes:
        """The content of an image's file, as it is now; raises OSError if it is not a plain file of the set, EFBIG above `max_bytes`."""
        return self.contents.read(self.files[index], max_bytes)

    def __iter__(self) -> Iterator[Item]:
        return (self[index] for index in range(len(self)))

    @property
    def labelled(self) -> int:
        """The number of images with a label."""
        return len(self) - self.labels.count(NO_LABEL)

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
        return replace(
            self,
            notes=(*self.notes, f"{limit} of {len(self)} images, evenly spread over the list."),
            names=[self.names[index] for index in chosen],
            files=[self.files[index] for index in chosen],
            labels=array("i", (self.labels[index] for index in chosen)),
        )
