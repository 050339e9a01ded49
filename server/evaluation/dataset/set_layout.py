"""Where in a folder a set lies: below folders that only wrap it, beside its list of labels, or in one of several parts."""

import re
from collections.abc import Callable

from server.evaluation.dataset.image_folder import ImageFolder
from server.evaluation.evaluation_errors import DatasetInvalid

IMAGES = "images"
LABEL_FILES = (  # used if the request names no file
    "val_label.txt", "labels.txt", "labels.csv", "labels.tsv", "labels.json", "labels.jsonl", "imagenet_label.json",
    "metadata.csv", "metadata.jsonl",
    "LOC_val_solution.csv", "ILSVRC2012_validation_ground_truth.txt",
)  # fmt: skip

_PARTS = ("val", "valid", "validation", "eval", "test", "testing", "train", "training")
_NEVER_A_WRAPPER = re.compile("n[0-9]{8}.*|-?[0-9]+")  # a synset or an id is a class, even if the model does not have it


def unwrapped(folder: ImageFolder, is_class: Callable[[str], bool], notes: list[str]) -> ImageFolder:
    """The folder that holds the set: the one folder inside is taken, again and again, unless it is a class or a list lies beside it."""
    below, beside = "", 0
    while not label_files(folder) and (only := folder.only_folder()):
        if _NEVER_A_WRAPPER.fullmatch(only) or is_class(only):
            break
        beside += len(folder.files())
        folder, below = folder.below(only), f"{below}{only}/"
    if below:
        notes.append(f"The set is in {below}, the only folder." + (f" {beside} files beside it are left out." if beside else ""))
    return folder


def label_files(folder: ImageFolder) -> list[str]:
    """The files of a folder whose names are those of lists of labels."""
    return [name for name in LABEL_FILES if name in folder.files()]


def parts(folder: ImageFolder) -> list[str]:
    """The folders that are named as the parts of a set, as train and val; the one to measure with first."""
    names = {name.casefold(): name for name in folder.folders()}
    return [names[part] for part in _PARTS if part in names]


def refuse_parts(folder: ImageFolder, found: list[str]) -> DatasetInvalid:
    """The refusal of a folder that holds the parts of a set, with the one to name."""
    held = " and ".join(f"{name}/" for name in found)
    return DatasetInvalid(f"{folder.root} holds {held}, the parts of a set.", f"Name one of them: {folder.root}/{found[0]}")


def beside_the_list(folder: ImageFolder, first: str, notes: list[str]) -> ImageFolder:
    """The folder of the images of a list, by its first name: the folder itself, `images/` in it, or the only folder in it."""
    start, below = folder, ""
    while not folder.has_pictures() and folder.find(first) is None:
        inner = IMAGES if IMAGES in folder.folders() else folder.only_folder()
        if inner is None:
            return start
        folder, below = folder.below(inner), f"{below}{inner}/"
    if below:
        notes.append(f"Images from {below}, which is next to the list.")
    return folder
