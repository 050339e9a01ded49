"""A labelled set: its order, its hash, and a part of it."""

from array import array
from pathlib import Path

import pytest

from server.evaluation.dataset.labelled_set import NO_LABEL, Item, LabelledSet
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.evaluation_errors import DatasetInvalid


def made(names: list[str], labels: list[int]) -> LabelledSet:
    files = [f"{name}.png" for name in names]
    return LabelledSet(RootFiles(Path("/set")), "list", ("a note",), names, files, array("i", labels), {"cat": (0, 1)})


def test_an_image_has_its_place_and_its_label_or_none() -> None:
    found = made(["a", "b"], [3, NO_LABEL])
    assert list(found) == [Item("a", Path("/set/a.png"), 3), Item("b", Path("/set/b.png"), None)]
    assert (len(found), found.labelled) == (2, 1)


def test_a_limit_is_spread_over_the_list_and_told() -> None:
    whole = made(list("abcdefghijkl"), [class_id for class_id in range(3) for _ in range(4)])
    part = whole.first(6)
    assert [item.label for item in part] == [0, 0, 1, 1, 2, 2]
    assert part.notes == ("a note", "6 of 12 images, evenly spread over the list.")
    assert part.groups == whole.groups
    assert whole.first(99) is whole.first(None) is whole
    with pytest.raises(DatasetInvalid, match="A limit of 0"):
        whole.first(0)


def test_the_hash_is_of_names_and_labels_in_their_order() -> None:
    sets = [(["a", "b"], [0, 1]), (["b", "a"], [1, 0]), (["a", "b"], [1, 1]), (["a.png", "b"], [0, 1])]
    assert len({made(*found).sha256 for found in sets}) == 4
