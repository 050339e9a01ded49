"""Labels as people write them, mapped to class ids."""

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.store import ZOO
from models.synsets import synsets_of
from server.evaluation.dataset.label_map import map_labels
from server.evaluation.evaluation_errors import DatasetInvalid

IMAGENET = (ZOO / "imagenet.names").read_text("utf-8").splitlines()


@given(st.sets(st.integers(0, 999), min_size=1))
def test_ids_are_themselves(ids: set[int]) -> None:
    mapped = map_labels({f"{class_id:04d}" for class_id in ids}, IMAGENET)
    assert mapped.ids == {f"{class_id:04d}": class_id for class_id in ids}
    assert mapped.kind == "class ids"


@given(st.integers(0, 999))
def test_a_class_is_found_by_its_whole_name_unless_two_share_it(class_id: int) -> None:
    name = IMAGENET[class_id]
    if IMAGENET.count(name) > 1:
        with pytest.raises(DatasetInvalid, match="may mean each of the classes"):
            map_labels({name}, IMAGENET)
    else:
        assert map_labels({name.upper().replace(" ", "_")}, IMAGENET).ids == {name.upper().replace(" ", "_"): class_id}


def test_a_class_is_found_by_one_of_its_names() -> None:
    assert map_labels({"Egyptian_cat", "tabby cat", "tench"}, IMAGENET).ids == {"Egyptian_cat": 285, "tabby cat": 281, "tench": 0}


def test_synsets_of_the_models_labels_may_be_some_of_them() -> None:
    names = ["n01440764 tench", "n01443537 goldfish", "n01484850 shark"]
    mapped = map_labels({"n01484850"}, names)
    assert (mapped.ids, mapped.kind, mapped.notes) == ({"n01484850": 2}, "synsets of the model's labels", ())


@given(st.sets(st.integers(0, 999), min_size=1), st.sampled_from(("", "-Some_name", "_x", ".y", " z")))
def test_synsets_of_some_of_imagenets_classes(ids: set[int], end: str) -> None:
    synsets = list(synsets_of(IMAGENET))
    mapped = map_labels({synsets[class_id] + end for class_id in ids}, IMAGENET)
    assert mapped == ({synsets[class_id] + end: class_id for class_id in ids}, "synsets of the model's labels", ())


def test_a_group_is_its_first_class_and_told() -> None:
    groups = {"cat": (281, 282, 283), "hound": (160,)}
    mapped = map_labels({"cat", "hound", "tench"}, IMAGENET, groups)
    assert mapped.ids == {"cat": 281, "hound": 160, "tench": 0}
    assert mapped.kind == "names of classes, groups of classes"
    assert mapped.notes == ("'cat' counts as the classes 281-283.", "'hound' counts as class 160.")
    assert map_labels({"0", "1"}, IMAGENET, {"0": (281, 282), "1": (160,)}).ids == {"0": 281, "1": 160}
    with pytest.raises(DatasetInvalid, match="'tabby' is class 281, which the map gives to another label"):
        map_labels({"cat", "tabby"}, IMAGENET, {"cat": (281,)})


def test_all_synsets_in_their_order_are_all_classes_and_that_is_told() -> None:
    mapped = map_labels({"n02", "n00000003", "n00000001"} - {"n02"}, ["a", "b"])
    assert mapped.ids == {"n00000001": 0, "n00000003": 1}
    assert "taken for the classes in their order" in mapped.notes[0]


@pytest.mark.parametrize(
    ("labels", "classes", "words"),
    [
        ({"0", "1000"}, IMAGENET, "Label 1000 is out of range: the model has the classes 0 to 999"),
        ({"-1", "5"}, IMAGENET, "Label -1 is out of range"),
        ({"1", "500", "1000"}, IMAGENET, "a list of 1001 classes, whose class 0 is the background.*Subtract 1 from each"),
        ({"n01440764"}, ["a", "b"], "1 synsets, but the model has 2 classes"),
        ({"n99999999"}, ["n01440764 tench", "other"], "1 of 1 synsets are not classes of the model: n99999999"),
        ({"n01440764", "n99999999"}, IMAGENET, "1 of 2 synsets are not classes of the model: n99999999"),
        (
            {"cat", "dog", "tench"},
            IMAGENET,
            "'cat' is not a class of the model. Other labels that are not: dog. Classes with this word, .*: 281 tabby .*; 282 tiger cat",
        ),
        ({"tenck"}, IMAGENET, "'tenck' is not a class of the model. Did you mean 'tench'?"),
        ({"zzzzzzzz"}, IMAGENET, "Compare it with the model's labels"),
        ({"5", "tench"}, IMAGENET, "'5' is not a class"),
        ({"1"}, ["1", "2"], "a class id and also the name of class 0"),
    ],
    ids=["above", "below", "shifted", "some synsets", "other synset", "another synset", "words", "near", "far", "mixed", "two meanings"],
)
def test_labels_the_model_has_not_are_refused(labels: set[str], classes: list[str], words: str) -> None:
    with pytest.raises(DatasetInvalid) as refusal:
        map_labels(labels, classes)
    assert re.search(words.replace("?", r"\?"), str(refusal.value))


def test_ids_as_pandas_writes_them_are_ids() -> None:
    assert map_labels({"0.0", "2.0"}, ["a", "b", "c"]).ids == {"0.0": 0, "2.0": 2}
    assert map_labels({"1.0", "2.0"}, ["1.0", "2.0"]).ids == {"1.0": 0, "2.0": 1}  # names of classes


def test_names_that_are_their_own_ids_are_ids() -> None:
    assert map_labels({"0", "2"}, ["0", "1", "2"]).ids == {"0": 0, "2": 2}


def test_a_million_labels_take_no_time_each_for_every_class() -> None:
    names = [f"class {class_id}" for class_id in range(20_000)]
    began_s = process_time()
    assert len(map_labels([f"{class_id:09d}" for class_id in range(20_000)], names).ids) == 20_000
    assert process_time() - began_s < 2


def test_lists_that_may_count_otherwise_are_told_and_left_as_they_are() -> None:
    from_one = map_labels({"1", "2", "3"}, ["a", "b", "c", "d"])
    assert from_one.ids["1"] == 1
    assert "may count from 1" in from_one.notes[0]
    background = map_labels({"0", "2"}, ["background", "b", "c"])
    assert background.ids["2"] == 2
    assert "may count without it" in background.notes[0]
    assert map_labels({"1", "2"}, ["background", "b", "c"]).notes == ()
