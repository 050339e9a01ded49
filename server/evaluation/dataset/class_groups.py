"""Groups of classes: a label of a set that stands for several classes of the model, as `cat` for its five breeds of cats.

A group is counted as its first class: every class of the group, in a label or in an answer, becomes that one.
"""

import re
from collections.abc import Collection, Mapping, Sequence

from models.nearest_name import nearest_name
from models.synsets import synsets_of
from server.evaluation.dataset.class_words import ClassWords, plain
from server.evaluation.evaluation_errors import DatasetInvalid

Groups = Mapping[str, tuple[int, ...]]

_RANGE = re.compile("([0-9]{1,6})(?:-([0-9]{1,6}))?")
_EXAMPLE = "Write LABEL=CLASSES, as cat=281-285,dog=151-268; a class is an id, a range of ids, a synset or a name."


def parse_groups(text: str, class_names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """The classes of each label in `cat=281-285,383,dog=151-268`; raises DatasetInvalid.

    A part without `=` belongs to the label before it.
    """
    found: dict[str, set[int]] = {}
    label = ""
    synsets, words = synsets_of(class_names), ClassWords(class_names)
    for part in filter(None, map(str.strip, text.split(","))):
        name, equals, member = part.rpartition("=")
        label = name.strip() if equals else label
        if not label or not member.strip():
            raise DatasetInvalid(f"The map of labels has {part[:80]!r}, which is not a label with its classes.", _EXAMPLE)
        found.setdefault(label, set()).update(_classes(member.strip(), class_names, synsets, words))
    _check_apart(found, class_names)
    return {label: tuple(sorted(ids)) for label, ids in found.items()}


def fold_of(groups: Groups) -> dict[int, int]:
    """The class as which each class of a group is counted."""
    return {class_id: ids[0] for ids in groups.values() for class_id in ids}


def labels_of_groups(groups: Groups, labels: Collection[str]) -> dict[str, tuple[int, ...]]:
    """The classes of each written label that a group names; raises DatasetInvalid for a group that no label has."""
    written = {plain(label): label for label in labels}
    found = {}
    for name, ids in groups.items():
        if (label := written.get(plain(name))) is None:
            near = nearest_name(plain(name), written)
            held = ", ".join(sorted(labels)[:10])
            raise DatasetInvalid(
                f"The map names {name[:80]!r}, which is not a label of the set.",
                f"Did you mean {written[near]!r}?" if near else f"Its labels are: {held[:300]}.",
            )
        found[label] = ids
    return found


def _classes(member: str, class_names: Sequence[str], synsets: Mapping[str, int], words: ClassWords) -> set[int]:
    if match := _RANGE.fullmatch(member):
        first = int(match[1])
        last = int(match[2] or first)
        if first > last or last >= len(class_names):
            raise DatasetInvalid(f"The map of labels has {member!r}: the model has the classes 0 to {len(class_names) - 1}.", _EXAMPLE)
        return set(range(first, last + 1))
    if member in synsets:
        return {synsets[member]}
    if found := words.find(member):
        return set(found)
    raise DatasetInvalid(f"The map of labels has {member[:80]!r}, which is not a class of the model.", words.suggestion(member))


def _check_apart(groups: Mapping[str, set[int]], class_names: Sequence[str]) -> None:
    owner: dict[int, str] = {}
    for label, ids in groups.items():
        for class_id in sorted(ids):
            if (other := owner.setdefault(class_id, label)) != label:
                raise DatasetInvalid(
                    f"The map gives class {class_id} ({class_names[class_id]}) to {other!r} and to {label!r}.",
                    "Give each class to one label.",
                )
