"""The words of a recipe: what is read is what was written, and all else is refused, in bounded time."""

from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from functools import partial
from typing import TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convert.conversion_errors import ConvertError
from convert.preprocessing.recipe_dialects import as_key, as_option
from convert.preprocessing.recipe_words import recipe_of_words, resize_way, scale_factor, size_px, triple
from convert.preprocessing.said_recipe import Normalisation, Resize, SaidRecipe

Read = TypeVar("Read")
MEAN, STD, SCALE, CROP, RESIZE = (partial(as_option, part) for part in ("mean", "std", "scale", "crop", "resize"))
numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: round(number, 6))
sides = st.integers(32, 4096)


def tried(read: Callable[[], Read]) -> Read | None:
    """What is read; None if it is refused as it should be."""
    with suppress(ConvertError):
        return read()
    return None


@given(st.tuples(numbers, numbers, numbers))
def test_a_list_is_read_as_it_is_written(three: tuple[float, float, float]) -> None:
    assert triple(",".join(map(repr, three)), MEAN) == three
    assert triple(repr(three[0]), MEAN) == three[:1] * 3


@given(st.text(max_size=40))
@example("0\x1f")  # a blank to str.strip, and none to float
def test_any_text_is_a_list_or_is_refused(text: str) -> None:
    if (found := tried(lambda: triple(text, MEAN))) is not None:
        assert [float(word.strip()) for word in text.split(",")] in (list(found), list(found[:1]))


@pytest.mark.parametrize("text", ["", ",", "1,2", "1,2,3,4", "nan", "inf", "1e9", "1,2,x", "0x10", "1_0", "\u0661", "9" * 1000, "1;2;3"])
def test_no_list(text: str) -> None:
    with pytest.raises(ConvertError, match=r"^--std cannot be .* one number a channel: --std 123"):
        triple(text, STD)


@given(sides, sides)
def test_a_size_is_width_and_height(width: int, height: int) -> None:
    assert size_px(f"{width}x{height}", CROP) == (width, height)
    assert size_px(str(width), CROP) == (width, width)
    assert resize_way(f"stretch:{width}x{height}", RESIZE) == Resize("stretch", (width, height))
    assert resize_way(f"short:{width}", RESIZE) == Resize("short_side", (width, width))


@pytest.mark.parametrize("text", ["", "31", "4097", "224x", "x224", "224x31", "-224", "224.0", "1e3", "224x224x3", "9" * 500])
def test_no_size(text: str) -> None:
    with pytest.raises(ConvertError, match=r"^--crop cannot be .*WIDTHxHEIGHT: --crop 224$"):
        size_px(text, CROP)


@given(st.text(max_size=40))
def test_any_text_is_a_resize_or_is_refused(text: str) -> None:
    assert tried(lambda: resize_way(text, RESIZE)) in (None, Resize("stretch"))  # no random text has a size that can be


def test_the_networks_own_size() -> None:
    assert resize_way("stretch", RESIZE) == Resize("stretch", None)


@pytest.mark.parametrize("text", ["short", "short:256x224", "stretch:1", "crop:224"])
def test_no_resize(text: str) -> None:
    with pytest.raises(ConvertError, match=r"Give "):
        resize_way(text, RESIZE)


@pytest.mark.parametrize("text", ["long:256", "pad", "pad:224", "fit:224"])
def test_what_no_engine_serves(text: str) -> None:
    with pytest.raises(ConvertError, match=r"and the engines cannot.*--resize stretch"):
        resize_way(text, RESIZE)


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_a_scale(above: int, below: int) -> None:
    assert scale_factor(f"{above}/{below}", SCALE) == Fraction(above, below)
    assert float(scale_factor(repr(above / below), SCALE)) == pytest.approx(above / below)


@pytest.mark.parametrize("text", ["", "0", "1/0", "-1/255", "1/255/2", "a", "1e9", "1/1e9", "nan", "1" * 999, "/255", "1/"])
def test_no_scale(text: str) -> None:
    with pytest.raises(ConvertError, match=r"^--scale cannot be "):
        scale_factor(text, SCALE)


def test_all_parts_by_their_words() -> None:
    words = {"mean": "0.5", "std": "0.25", "scale": "1/255", "colour_order": "BGR", "resize": "stretch:64", "crop": "48x32"}
    words |= {"layout": "NHWC", "interpolation": "area"}
    numbers = Normalisation((127.5,) * 3, (63.75,) * 3)
    said = SaidRecipe(Resize("stretch", (64, 64)), (48, 32), "BGR", numbers, "area", "NHWC", ("here",))
    assert recipe_of_words(words, as_option, "here") == said
    assert recipe_of_words({"mean": None, "crop": ""}, as_option, "here") == SaidRecipe()
    assert recipe_of_words({"layout": "NCHW"}, as_option, "here") == SaidRecipe(layout="NCHW")


@pytest.mark.parametrize(
    ("words", "option", "key"),
    [
        ({"mean": "1,2"}, "--mean 123.675,116.28,103.53", 'mean = "123.675,116.28,103.53"'),
        ({"scale": "0"}, "--scale 1/255", 'scale = "1/255"'),
        ({"crop": "9"}, "--crop 224", 'crop = "224"'),
        ({"resize": "stretch:9"}, "--resize stretch:224", 'resize = "stretch:224"'),
        ({"resize": "pad"}, "say --resize stretch,", 'say resize = "stretch",'),
        ({"colour_order": "GBR"}, "--colour-order cannot be 'GBR'. It is one of RGB, BGR, GREY", "colour_order cannot be 'GBR'"),
        ({"interpolation": "sinc"}, "--interpolation cannot be 'sinc'. It is one of linear", "interpolation cannot be 'sinc'"),
        ({"mean": "0.5", "std": "0.5"}, "of 0-1 add --scale 1/255", 'of 0-1 add scale = "1/255"'),
        ({"mean": "120"}, "--mean is said, but not --std. If the training had none, add: --std 1", 'add: std = "1"'),
    ],
)
def test_a_message_is_in_the_words_of_its_reader(words: dict[str, str], option: str, key: str) -> None:
    """Options for options, keys for a file: none of the other."""
    for write, expected in ((as_option, option), (as_key, key)):
        with pytest.raises(ConvertError) as refused:
            recipe_of_words(words, write, "here")
        assert expected in str(refused.value)
        assert ("--" in str(refused.value)) == (write is as_option)
