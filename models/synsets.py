"""The WordNet synsets of a model's classes: at the start of its labels, or ImageNet's if its labels are the names of ImageNet's classes.

`zoo/imagenet.synsets` has a line for each class of ImageNet-1k in the order of the classes: the synset, and the number of the class in
the development kit of ILSVRC 2012, which counts from 1 in another order.
"""

import re
from collections.abc import Sequence
from functools import cache

from models.store import ZOO
from models.text_file import read_text, text_lines

SYNSET = re.compile("n[0-9]{8}")

_NAMES = ZOO / "imagenet.names"
_SYNSETS = ZOO / "imagenet.synsets"
_SAME_NAMES = 0.95  # other spellings differ in a few of 1000 names ("crane bird"); a list in another order shares next to none


def synsets_of(class_names: Sequence[str]) -> dict[str, int]:
    """Class ids by synset; empty if the labels name neither synsets nor ImageNet's classes in ImageNet's order."""
    named = {name.split()[0]: class_id for class_id, name in enumerate(class_names) if SYNSET.match(name)}
    if named or not are_imagenets(class_names):
        return named
    return {synset: class_id for class_id, (synset, _) in enumerate(_lines())}


def devkit_synsets() -> dict[int, str]:
    """The synset of each class number, 1 to 1000, of the development kit of ILSVRC 2012."""
    return {number: synset for synset, number in _lines()}


def are_imagenets(class_names: Sequence[str]) -> bool:
    """Whether these are the names of ImageNet's classes in ImageNet's order, spelled as others may spell them."""
    known = _imagenet_names()
    if len(class_names) != len(known):
        return False
    shared = sum(not _spellings(name).isdisjoint(others) for name, others in zip(class_names, known, strict=True))
    return shared >= _SAME_NAMES * len(known)


@cache
def _lines() -> tuple[tuple[str, int], ...]:
    return tuple((synset, int(number)) for synset, number in map(str.split, text_lines(read_text(_SYNSETS))))


@cache
def _imagenet_names() -> tuple[frozenset[str], ...]:
    return tuple(map(_spellings, text_lines(read_text(_NAMES))))


def _spellings(name: str) -> frozenset[str]:
    return frozenset(" ".join(part.replace("_", " ").casefold().split()) for part in name.split(","))
