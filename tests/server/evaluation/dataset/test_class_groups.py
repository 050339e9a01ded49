"""Groups of classes, as people name them."""

import pytest

from models.store import ZOO
from server.evaluation.dataset.class_groups import fold_of, labels_of_groups, parse_groups
from server.evaluation.evaluation_errors import DatasetInvalid

IMAGENET = (ZOO / "imagenet.names").read_text("utf-8").splitlines()
CATS = (281, 282, 283, 284, 285)


@pytest.mark.parametrize(
    "text",
    [
        "cat=281-285",
        "cat=281,282,283-285",
        "cat=285,284,281-283,",
        " cat = 281 , tiger cat, Persian_Cat,n02123597,Egyptian cat",
        "cat=281-283,cat=283-285",
    ],
    ids=["range", "list", "order", "names and synsets", "twice"],
)
def test_every_way_to_name_the_classes(text: str) -> None:
    assert parse_groups(text, IMAGENET) == {"cat": CATS}
    assert parse_groups(f"{text},big dog=151-268", IMAGENET) == {"cat": CATS, "big dog": tuple(range(151, 269))}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("281-285", "'281-285', which is not a label with its classes"),
        ("cat=", "'cat=', which is not a label with its classes"),
        ("=281", "not a label with its classes"),
        ("cat=285-281", "the classes 0 to 999"),
        ("cat=1000", "the classes 0 to 999"),
        ("cat=tabbi", "'tabbi', which is not a class.*Did you mean 'tabby'"),
        ("cat=281,dog=281-285", "class 281 .tabby, tabby cat. to 'cat' and to 'dog'"),
    ],
)
def test_what_names_no_group_is_refused(text: str, words: str) -> None:
    with pytest.raises(DatasetInvalid, match=words):
        parse_groups(text, IMAGENET)


def test_a_group_is_counted_as_its_first_class() -> None:
    assert fold_of({"cat": (3, 5), "dog": (4,)}) == {3: 3, 5: 3, 4: 4}


def test_labels_find_their_group_in_any_case() -> None:
    assert labels_of_groups({"big_cat": CATS}, ["Big Cat", "dog"]) == {"Big Cat": CATS}


@pytest.mark.parametrize(("name", "words"), [("cats", "Did you mean 'cat'?"), ("xyz", "Its labels are: cat, dog")])
def test_a_group_that_no_label_has_is_refused(name: str, words: str) -> None:
    with pytest.raises(DatasetInvalid) as refusal:
        labels_of_groups({name: CATS}, ["cat", "dog"])
    assert words in str(refusal.value)
