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
            shown = "; ".join(f"{class_id} {self._names[class_id].partition(',')[0]}" for class_id in found[:_SHOWN])
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            return f"Classes with this word: {shown}{more}. Name those that it means: {_map(name, ranges(found))}"
        if not near:
            return ""
        if nearest := nearest_name(word, self._parts):
            return f"Did you mean {nearest!r}?"
        return f"Compare it with the model's labels, or name the class that it means by its id: {_map(name, 'ID')}"

    def _with_word(self, word: str) -> list[int]:
        if len(word) < 3:  # shorter ones are in every other name
            return []
        whole = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
        return [class_id for class_id, name in enumerate(self._names) if whole.search(plain(name))]


def plain(name: str) -> str:
    """A name in the form in which names are compared; an é of one character or of two (as macOS writes it) is the same."""
    return " ".join(unicodedata.normalize("NFC", name).replace("_", " ").casefold().split())


def ranges(ids: Collection[int]) -> str:
    """Class ids as `281-285,383`."""
    runs: list[list[int]] = []
    for class_id in sorted(ids):
        if runs and class_id == runs[-1][-1] + 1:
            runs[-1][1:] = [class_id]
        else:
            runs.append([class_id])
    return ",".join("-".join(map(str, run)) for run in runs)


def _map(name: str, classes: str) -> str:
    return shlex.join(["--map", f"{name[:80]}={classes}"])
