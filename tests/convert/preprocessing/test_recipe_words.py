"""The words of a recipe: what is read is what was written, and all else is refused, in bounded time."""

from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.conversion_errors import ConvertError
from convert.preprocessing.recipe_words import resize_way, scale_factor, size_px, triple
from convert.preprocessing.said_recipe import Resize

Read = TypeVar("Read")
numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: round(number, 6))
sides = st.integers(32, 4096)


def tried(read: Callable[[], Read]) -> Read | None:
    """What is read; None if it is refused as it should be."""
    with suppress(ConvertError):
        return read()
    return None


@given(st.tuples(numbers, numbers, numbers))
def test_a_list_is_read_as_it_is_written(three: tuple[float, float, float]) -> None:
    assert triple(",".join(map(repr, three)), "--mean") == three
    assert triple(repr(three[0]), "--mean") == three[:1] * 3


@given(st.text(max_size=40))
def test_any_text_is_a_list_or_is_refused(text: str) -> None:
    if (found := tried(lambda: triple(text, "--mean"))) is not None:
        assert [float(word) for word in text.split(",")] in (list(found), list(found[:1]))


@pytest.mark.parametrize("text", ["", ",", "1,2", "1,2,3,4", "nan", "inf", "1e9", "1,2,x", "0x10", "1_0", "\u0661", "9" * 1000, "1;2;3"])
def test_no_list(text: str) -> None:
    with pytest.raises(ConvertError, match=r"^--std cannot be .* one number a channel: --std 123"):
        triple(text, "--std")


@given(sides, sides)
def test_a_size_is_width_and_height(width: int, height: int) -> None:
    assert size_px(f"{width}x{height}", "--crop ") == (width, height)
    assert size_px(str(width), "--crop ") == (width, width)
    assert resize_way(f"stretch:{width}x{height}") == Resize("stretch", (width, height))
    assert resize_way(f"short:{width}") == Resize("short_side", (width, width))


@pytest.mark.parametrize("text", ["", "31", "4097", "224x", "x224", "224x31", "-224", "224.0", "1e3", "224x224x3", "9" * 500])
def test_no_size(text: str) -> None:
    with pytest.raises(ConvertError, match=r"^--crop cannot be .*WIDTHxHEIGHT: --crop 224$"):
        size_px(text, "--crop ")


@given(st.text(max_size=40))
def test_any_text_is_a_resize_or_is_refused(text: str) -> None:
    assert tried(lambda: resize_way(text)) in (None, Resize("stretch"))  # no random text has a size that can be


def test_the_networks_own_size() -> None:
    assert resize_way("stretch") == Resize("stretch", None)


@pytest.mark.parametrize("text", ["short", "short:256x224", "stretch:1", "crop:224"])
def test_no_resize(text: str) -> None:
    with pytest.raises(ConvertError, match=r"Give "):
        resize_way(text)


@pytest.mark.parametrize("text", ["long:256", "pad", "pad:224", "fit:224"])
def test_what_no_engine_serves(text: str) -> None:
    with pytest.raises(ConvertError, match=r"and the engines cannot.*--resize stretch"):
        resize_way(text)


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_a_scale(above: int, below: int) -> None:
    assert scale_factor(f"{above}/{below}") == Fraction(above, below)
    assert float(scale_factor(repr(above / below))) == pytest.approx(above / below)


@pytest.mark.parametrize("text", ["", "0", "1/0", "-1/255", "1/255/2", "a", "1e9", "1/1e9", "nan", "1" * 999, "/255", "1/"])
def test_no_scale(text: str) -> None:
    with pytest.raises(ConvertError, match=r"^--scale cannot be "):
        scale_factor(text)
