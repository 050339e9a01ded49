"""The labels of an imported model: ImageNet's, the user's, or generated ones."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from convert.conversion_errors import ConvertError
from models.store import ZOO
from models.text_file import read_text, text_lines

IMAGENET = "imagenet.names"
IMAGENET_CLASSES = 1000


@dataclass(frozen=True)
class Labels:
    """A `.names` file: its name in the store, its content, and a sentence about its origin."""

    name: str
    content: bytes
    told: str

    @property
    def sha256(self) -> str:
        """Hex sha256 of the file."""
        return sha256(self.content).hexdigest()


def labels_for(classes: int, file: Path | None = None) -> Labels:
    """The labels in `file`; else ImageNet's for 1000 classes; else "class 0" and so on.

    Raises ConvertError unless the file has one non-empty label per class.
    """
    if file is None and classes != IMAGENET_CLASSES:
        content = "".join(f"class {number}\n" for number in range(classes)).encode()
        return Labels("labels.names", content, f'There are no labels for {classes} classes: they are called "class 0" and so on.')
    path = file or ZOO / IMAGENET
    labels = _read(path)
    if len(labels) != classes or not all(labels):
        empty = sum(not label for label in labels)
        raise ConvertError(f"{path} has {len(labels)} labels ({empty} empty) for {classes} classes.", "Write one line per class, in UTF-8.")
    content = "".join(f"{label}\n" for label in labels).encode()
    return Labels("labels.names" if file else IMAGENET, content, f"Using the labels of {path.name}.")


def count_labels(file: Path) -> int:
    """How many classes the file has labels for; raises ConvertError if it cannot be read."""
    return len(_read(file))


def _read(path: Path) -> list[str]:
    try:
        return _lines(read_text(path))
    except (OSError, ValueError) as error:
        raise ConvertError(f"{path}: {error}.", "Labels are a text file, one line per class.") from error


def _lines(text: str) -> list[str]:
    """The labels, without the comments that the vendor skips before the first one, and without blank lines at the end."""
    labels = [line.rstrip() for line in text_lines(text)]
    while labels and not labels[-1]:
        labels.pop()
    while labels and 0 <= labels[0].find("#") <= 1 and labels[0] != "#":
        del labels[0]
    return labels
