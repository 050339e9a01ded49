"""Synsets of the model's classes, and the numbers of the development kit."""

import pytest

from models.store import ZOO
from models.synsets import devkit_synsets, synsets_of

IMAGENET = (ZOO / "imagenet.names").read_text("utf-8").splitlines()
FIRST_OF_THE_VALIDATION_SET = {  # class numbers of the first images in the kit, and the classes that Caffe's val.txt gives them
    490: 65, 361: 970, 171: 230, 822: 809, 297: 516, 482: 57, 13: 334, 704: 415, 599: 674, 164: 332,
}  # fmt: skip


def test_imagenets_labels_carry_their_synsets() -> None:
    found = synsets_of(IMAGENET)
    assert [found[synset] for synset in ("n01440764", "n02124075", "n15075141")] == [0, 285, 999]
    assert list(found) == sorted(found)
    assert len(found) == len(IMAGENET)


def test_the_kit_counts_in_another_order() -> None:
    kit, ids = devkit_synsets(), synsets_of(IMAGENET)
    assert sorted(kit) == list(range(1, 1001))
    assert set(kit.values()) == ids.keys()
    assert {number: ids[kit[number]] for number in FIRST_OF_THE_VALIDATION_SET} == FIRST_OF_THE_VALIDATION_SET


def test_other_spellings_of_the_same_classes_are_known() -> None:
    short = [name.partition(",")[0].replace(" ", "_").upper() for name in IMAGENET]
    short[134] = "crane bird"
    assert synsets_of(short)["n02124075"] == 285


@pytest.mark.parametrize("change", ["sorted", "shifted", "fewer", "other"])
def test_other_labels_have_none(change: str) -> None:
    names = {"sorted": sorted(IMAGENET), "shifted": [IMAGENET[-1], *IMAGENET[:-1]], "fewer": IMAGENET[:999], "other": ["x"] * 1000}
    assert synsets_of(names[change]) == {}


def test_labels_that_begin_with_synsets_name_their_own() -> None:
    assert synsets_of(["n00000002 cat", "dog", "n00000001"]) == {"n00000002": 0, "n00000001": 2}
