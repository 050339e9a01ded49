"""Lists of labels without names: ImageNet's validation set in the order of its images.

Three such lists are usual: numbers of the development kit (ILSVRC2012_validation_ground_truth.txt), synsets, and class ids. All begin with
the classes of the same first images, which tells them apart for certain. A list that begins otherwise is refused: nobody knows its order.
"""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from models.synsets import SYNSET, devkit_synsets
from server.evaluation.evaluation_errors import DatasetInvalid

_IMAGES = 50_000

_FIRST_NUMBERS = (490, 361, 171, 822, 297, 482, 13, 704, 599, 164)  # of the development kit
_ID = re.compile("[0-9]{1,9}")


def is_without_names(lines: Sequence[str]) -> bool:
    """Whether each line that is not blank is one class id or one synset, and nothing else."""
    found = [line.strip() for line in lines if line.strip()]
    return bool(found) and (all(map(_ID.fullmatch, found)) or all(map(SYNSET.fullmatch, found)))


def read_validation_order(path: Path, lines: Sequence[str]) -> list[tuple[int, str, str]]:
    """Line, image name and synset of each line; raises DatasetInvalid unless the list is the validation set's, or its beginning."""
    kit = devkit_synsets()
    found = [(number, line.strip()) for number, line in enumerate(lines, start=1) if line.strip()]
    in_order = sorted(kit.values())
    spellings = (
        {str(number): synset for number, synset in kit.items()},
        {synset: synset for synset in in_order},
        {str(class_id): synset for class_id, synset in enumerate(in_order)},
    )
    first = [kit[number] for number in _FIRST_NUMBERS]
    for synset_of in spellings:
        if [synset_of.get(label) for _, label in found[: len(first)]] == first and len(found) <= _IMAGES:
            if wrong := next((entry for entry in found if entry[1] not in synset_of), None):
                raise DatasetInvalid(
                    f"{path}, line {wrong[0]}: {wrong[1]!r} is not a class of ImageNet.", "Take the list as it was published."
                )
            return [(line, f"ILSVRC2012_val_{place:08d}.JPEG", synset_of[label]) for place, (line, label) in enumerate(found, start=1)]
    raise DatasetInvalid(
        f"{path} has labels without names, and does not begin as the lists of ImageNet's validation set do, so their order is unknown.",
        "If they are in the order of the sorted names, write these before them: "
        f"ls IMAGES | paste -d ' ' - {shlex.quote(str(path))} > val_label.txt",
    )
