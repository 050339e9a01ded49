"""Maps written labels to the model's class ids. Labels are ids, synsets, or names, or stand for groups of classes that a map names.

All labels of a set must be of one kind, except those of groups. Labels are never shifted; a list that seems to count differently gives
a note or an error.
"""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from models.synsets import SYNSET, synsets_of
from server.evaluation.dataset.class_groups import Groups, fold_of, labels_of_groups
from server.evaluation.dataset.class_words import ClassWords, ranges
from server.evaluation.evaluation_errors import DatasetInvalid

_CLASS_ID = re.compile("-?[0-9]{1,9}")
_AS_FLOAT = re.compile(r"-?[0-9]{1,9}(\.0)?")  # pandas writes ids so when some are missing
_NAMED_SYNSET = re.compile("(n[0-9]{8})[-_. ].+")  # as n02085620-Chihuahua of Stanford Dogs
_SHOWN = 5
_BACKGROUNDS = ("background", "__background__", "dummy", "void")

NEVER_SHIFTED = "Correct the list: this program never shifts labels."


class LabelMap(NamedTuple):
    """Class ids by written label, the kind of the labels, and notes on oddities."""

    ids: dict[str, int]
    kind: str
    notes: tuple[str, ...] = ()


def map_labels(labels: Collection[str], class_names: Sequence[str], groups: Groups | None = None) -> LabelMap:
    """Map a set's distinct labels; raises DatasetInvalid for an unknown label, or for one that fits two classes.

    A label of a group becomes the first class of the group.
    """
    grouped = labels_of_groups(groups or {}, labels)
    rest = [label for label in labels if label not in grouped]
    mapped = _map_alike(rest, class_names) if rest else LabelMap({}, "groups of classes")
    if not grouped:
        return mapped
    fold = fold_of(grouped)
    for label, class_id in mapped.ids.items():
        if class_id in fold:
            raise DatasetInvalid(
                f"{label[:80]!r} is class {class_id}, which the map gives to another label.", "Leave it out of that label's classes."
            )
    notes = (f"{label!r} counts as {'the classes' if ids[1:] else 'class'} {ranges(ids)}." for label, ids in grouped.items())
    kind = f"{mapped.kind}, groups of classes" if rest else mapped.kind
    return LabelMap(mapped.ids | {label: ids[0] for label, ids in grouped.items()}, kind, (*notes, *mapped.notes))


def _map_alike(labels: Collection[str], class_names: Sequence[str]) -> LabelMap:
    if all(_CLASS_ID.fullmatch(label) for label in labels):
        return _map_ids(labels, class_names)
    if all(_AS_FLOAT.fullmatch(label) for label in labels) and not set(labels) & set(class_names):
        return _map_ids(labels, class_names)
    if all(SYNSET.fullmatch(label) for label in labels):
        return _map_synsets(labels, class_names)
    named = {label: match[1] for label in labels if (match := _NAMED_SYNSET.fullmatch(label))}
    if len(named) == len(labels):
        mapped = _map_synsets(set(named.values()), class_names)
        return mapped._replace(ids={label: mapped.ids[synset] for label, synset in named.items()})
    return _map_names(labels, class_names)


def _map_ids(labels: Collection[str], class_names: Sequence[str]) -> LabelMap:
    ids = {label: int(label.removesuffix(".0")) for label in labels}
    first = {name: class_id for class_id, name in reversed(tuple(enumerate(class_names)))}  # a list has a million labels
    for label, class_id in ids.items():
        if (named := first.get(label, class_id)) != class_id:
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
    """Map by the synsets of the model; or by their order, which is that of ImageNet's classes, if all are there."""
    if known := synsets_of(class_names):
        if unknown := sorted(set(labels) - known.keys()):
            raise DatasetInvalid(
                f"{len(unknown)} of {len(labels)} synsets are not classes of the model: {_some(unknown)}.",
                "Take their images out of the set, or measure with a model that has these classes.",
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
    words = ClassWords(class_names)
    ids = {}
    unknown = sorted(label for label in labels if not words.find(label))
    if unknown:
        others = f" Other labels that are not: {_some(unknown[1:])}." if unknown[1:] else ""
        raise DatasetInvalid(f"{unknown[0][:80]!r} is not a class of the model.{others}", words.suggestion(unknown[0]))
    for label in labels:
        found = words.find(label)
        if len(found) > 1:
            several = ", ".join(map(str, sorted(found)))
            raise DatasetInvalid(f"{label[:80]!r} may mean each of the classes {several}.", "Give class ids.")
        (ids[label],) = found
    return LabelMap(ids, "names of classes")


def _some(labels: Sequence[str]) -> str:
    """The first of some labels."""
    return ", ".join(label[:40] for label in labels[:_SHOWN]) + (f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else "")
