"""Finds the classes of a model by the names that people write."""

import re
import shlex
import unicodedata
from collections.abc import Collection, Sequence

from models.nearest_name import nearest_name

_SHOWN = 12


class ClassWords:
    """The names of a model's classes, whole and in their parts between commas. Underscores count as blanks; case does not matter."""

    def __init__(self, class_names: Sequence[str]) -> None:
        self._names = class_names
        self._whole: dict[str, set[int]] = {}
        self._parts: dict[str, set[int]] = {}
        for class_id, name in enumerate(class_names):
            self._whole.setdefault(plain(name), set()).add(class_id)
            for part in name.split(","):
                self._parts.setdefault(plain(part), set()).add(class_id)

    def find(self, name: str) -> set[int]:
        """The classes with this whole name, or else with this part of a name."""
        return self._whole.get(plain(name)) or self._parts.get(plain(name)) or set()

    def suggestion(self, name: str, *, near: bool = True) -> str:
        """Advice for a name that is not a class: the classes whose names contain it as a word; with `near` also the nearest name."""
        word = plain(name)
        if found := self._with_word(word) or self._with_word(word.removesuffix("s")):
            longest_first = sorted(runs(found), key=len, reverse=True)
            found = [class_id for run in longest_first for class_id in run]
            shown = "; ".join(f"{class_id} {self._named(class_id, word)}" for class_id in found[:_SHOWN])
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            return (
                f"Classes with this word, perhaps not all meant: {shown}{more}. Choose, for example: {_map(name, ranges(longest_first[0]))}"
            )
        if not near:
            return ""
        if nearest := nearest_name(word, self._parts):
            return f"Did you mean {nearest!r}?"
        return f"Compare it with the model's labels, or name the class that it means by its id: {_map(name, 'ID')}"

    def _named(self, class_id: int, word: str) -> str:
        """The first name of a class, and in brackets the one with the word, if that is another."""
        first, *others = (part.strip() for part in self._names[class_id].split(","))
        stem = word.removesuffix("s")
        other = next((part for part in others if stem in plain(part)), "")
        return first if stem in plain(first) or not other else f"{first} ({other})"

    def _with_word(self, word: str) -> list[int]:
        if len(word) < 3:  # shorter ones are in every other name
            return []
        whole = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
        return [class_id for class_id, name in enumerate(self._names) if whole.search(plain(name))]


def plain(name: str) -> str:
    """A name in the form in which names are compared; an é of one character or of two (as macOS writes it) is the same."""
    return " ".join(unicodedata.normalize("NFC", name).replace("_", " ").casefold().split())


def runs(ids: Collection[int]) -> list[range]:
    """Class ids as ranges of consecutive ones, in order."""
    found: list[range] = []
    for class_id in sorted(ids):
        if found and class_id == found[-1].stop:
            found[-1] = range(found[-1].start, class_id + 1)
        else:
            found.append(range(class_id, class_id + 1))
    return found


def ranges(ids: Collection[int]) -> str:
    """Class ids as `281-285,383`."""
    return ",".join(f"{run[0]}-{run[-1]}" if run[1:] else str(run[0]) for run in runs(ids))


def _map(name: str, classes: str) -> str:
    return shlex.join(["--map", f"{name[:80]}={classes}"]) + " (over HTTP the field map)"
