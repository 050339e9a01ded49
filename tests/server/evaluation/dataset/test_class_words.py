"""Classes found by what people call them."""

import re
import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.store import ZOO
from server.evaluation.dataset.class_words import ClassWords, ranges

IMAGENET = (ZOO / "imagenet.names").read_text("utf-8").splitlines()
WORDS = ClassWords(IMAGENET)


@given(st.integers(0, 999), st.data())
def test_a_class_is_found_by_each_of_its_names_in_any_case(class_id: int, data: st.DataObject) -> None:
    part = data.draw(st.sampled_from(IMAGENET[class_id].split(",")))
    found = WORDS.find(part.strip().swapcase().replace(" ", "_"))
    assert class_id in found or {IMAGENET[other] for other in found} == {part.strip().lower()}  # a whole name goes before a part


def test_an_unknown_name_gets_the_classes_with_the_word() -> None:
    told = WORDS.suggestion("cat")
    assert "281 tabby (tabby cat); 282 tiger cat; 283 Persian cat; 284 Siamese cat; 285 Egyptian cat; 383 Madagascar cat" in told
    assert "387 lesser panda (bear cat)" in told
    assert told.endswith("Choose, for example: --map cat=281-285 (over HTTP the field map)")  # a lemur and a panda are only shown
    assert "207 golden retriever" in WORDS.suggestion("retrievers")
    assert WORDS.suggestion("my own set").endswith("--map 'my own set=ID' (over HTTP the field map)")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_an_accent_in_its_letter_or_behind_it_is_the_same(form: Literal["NFC", "NFD"]) -> None:
    assert ClassWords(["café", "crème brûlée"]).find(unicodedata.normalize(form, "Crème_brûlée")) == {1}


@given(st.sampled_from(sorted({word for name in IMAGENET for word in re.findall(r"\w{3,}", name)})))
def test_every_word_of_a_label_suggests_its_class(word: str) -> None:
    told = WORDS.suggestion(word)
    assert f"--map {word}=" in told or f"--map '{word}=" in told


def test_a_near_name_is_suggested() -> None:
    assert WORDS.suggestion("tenck") == "Did you mean 'tench'?"


@given(st.sets(st.integers(0, 60)))
def test_ranges_hold_exactly_their_ids(ids: set[int]) -> None:
    spans = [(int(first), int(last or first)) for first, _, last in (part.partition("-") for part in ranges(ids).split(",") if part)]
    assert [class_id for first, last in spans for class_id in range(first, last + 1)] == sorted(ids)
