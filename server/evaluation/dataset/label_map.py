"""Maps written labels to the model's class ids. Labels are ids, synsets, or names.

All labels of a set must be of one kind. Labels are never shifted; a list that seems to count differently gives a note or an error.
"""

import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from server.evaluation.evaluation_errors import DatasetInvalid

_CLASS_ID = re.compile("-?[0-9]{1,9}")
_SYNSET = re.compile("n[0-9]{8}")
_BACKGROUNDS = ("background", "__background__", "dummy", "void")

NEVER_SHIFTED = "Correct the list: this program never shifts labels."


class LabelMap(NamedTuple):
    """Class ids by written label, the kind of the labels, and notes on oddities."""

    ids: dict[str, int]
    kind: str
    notes: tuple[str, ...] = ()


def map_labels(labels: Collection[str], class_names: Sequence[str]) -> LabelMap:
    """Map a set's distinct labels; raises DatasetInvalid for an unknown label, or for one that fits two classes."""
    if all(_CLASS_ID.fullmatch(label) for label in labels):
        return _map_ids(labels, class_names)
    if all(_SYNSET.fullmatch(label) for label in labels):
        return _map_synsets(labels, class_names)
    return _map_names(labels, class_names)


def _map_ids(labels: Collection[str], class_names: Sequence[str]) -> LabelMap:
    ids = {label: int(label) for label in labels}
    for label, class_id in ids.items():
        if label in class_names and class_names.index(label) != class_id:
            named = class_names.index(label)
            raise DatasetInvalid(
                f"Label {label!r} is a class id and also the name of class {named}.", "Use class ids or names without this conflict."
            )
    low, high, classes = min(ids.values()), max(ids.values()), len(class_names)
    if low == 1 and high == classes:
        raise DatasetInvalid(
            f"The labels run from 1 to {classes}, the model's classes from 0 to {classes - 1}: a list of {classes + 1} classes, "
            "whose class 0 is the background, or one that counts from 1.",
            f"Subtract 1 from each. {NEVER_SHIFTED}",
        )
    if low < 0 or high >= classes:
        raise DatasetInvalid(
            f"Label {low if low < 0 else high} is out of range: the model has the classes 0 to {classes - 1}.", NEVER_SHIFTED
        )
    return LabelMap(ids, "class ids", tuple(_oddities(set(ids.values()), class_names)))


def _oddities(ids: set[int], class_names: Sequence[str]) -> list[str]:
    classes = len(class_names)
    if class_names[0].casefold() in _BACKGROUNDS:
        if 0 in ids:
            return [f"Class 0 of the model is {class_names[0]!r}, and some labels are 0: the list may count without it. {NEVER_SHIFTED}"]
        return []
    if classes > 2 and ids == set(range(1, classes)):
        return [f"Every class but 0 has a label: the list may count from 1. {NEVER_SHIFTED}"]
    return []


def _map_synsets(labels: Collection[str], class_names: Sequence[str]) -> LabelMap:
    """Map by the synset at the start of the model's labels; or by their order, which is that of ImageNet's classes, if all are there."""
    known = {name.split()[0]: class_id for class_id, name in enumerate(class_names) if _SYNSET.match(name)}
    if known:
        if unknown := sorted(set(labels) - known.keys()):
            raise DatasetInvalid(
                f"{len(unknown)} synsets are not classes of the model; the first is {unknown[0]}.", "Compare them with the model's labels."
            )
        return LabelMap({label: known[label] for label in labels}, "synsets of the model's labels")
    if len(labels) != len(class_names):
        raise DatasetInvalid(
            f"The labels are {len(labels)} synsets, but the model has {len(class_names)} classes and its labels do not name synsets.",
            "Give class ids or names, or a set with all classes.",
        )
    ids = {label: class_id for class_id, label in enumerate(sorted(labels))}
    return LabelMap(ids, "synsets in their order", (f"The {len(ids)} synsets, sorted, are taken for the classes in their order.",))


def _map_names(labels: Collection[str], class_names: Sequence[str]) -> LabelMap:
    """Map by the whole name, or by one of its parts between commas; underscores count as blanks, and case does not matter."""
    whole: dict[str, set[int]] = {}
    parts: dict[str, set[int]] = {}
    for class_id, name in enumerate(class_names):
        whole.setdefault(_plain(name), set()).add(class_id)
        for part in name.split(","):
            parts.setdefault(_plain(part), set()).add(class_id)
    ids = {}
    for label in labels:
        found = whole.get(_plain(label)) or parts.get(_plain(label)) or set()
        if not found:
            near = get_close_matches(_plain(label), parts, n=1)
            raise DatasetInvalid(
                f"{label[:80]!r} is not a class of the model.",
                f"Did you mean {near[0]!r}?" if near else "Compare it with the model's labels.",
            )
        if len(found) > 1:
            several = ", ".join(map(str, sorted(found)))
            raise DatasetInvalid(f"{label[:80]!r} may mean each of the classes {several}.", "Give class ids.")
        (ids[label],) = found
    return LabelMap(ids, "names of classes")


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())
