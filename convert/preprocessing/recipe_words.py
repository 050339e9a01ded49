"""Reads the words in which a recipe is said, by options or in a file: lists of numbers, a scale, sizes, a way to resize."""

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from typing import Any

from convert.conversion_errors import ConvertError
from convert.preprocessing.normalisation_units import normalisation_of
from convert.preprocessing.recipe_dialects import Say, Write
from convert.preprocessing.said_recipe import INTERPOLATIONS, Resize, SaidRecipe, SizePx
from convert.preprocessing.served_sizes import MAX_SIDE_PX, MIN_SIDE_PX
from models.manifest import Triple

PARTS = ("mean", "std", "scale", "colour_order", "resize", "crop", "layout", "interpolation")
MAX_WORD = 200
MAX_NUMBER = 1e6
_NUMBER = r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,3})?"
_SIZE = re.compile(r"(\d{1,5})(?:[xX](\d{1,5}))?", re.ASCII)
_UNSERVED = {
    "pad": "fits the whole picture in and fills up the rest",
    "fit": "fits the whole picture in and fills up the rest",
    "long": "scales the long side",
}


def recipe_of_words(words: Mapping[str, str | None], write: Write, source: str) -> SaidRecipe:
    """What the words of each of the PARTS say; `write` is how messages write them.

    Raises ConvertError for words that have no certain meaning.
    """
    said = {part: (text, partial(write, part)) for part in PARTS if (text := words.get(part))}
    mean, std = (triple(*said[part]) if part in said else None for part in ("mean", "std"))
    scale = scale_factor(*said["scale"]) if "scale" in said else None
    return SaidRecipe(
        resize=resize_way(*said["resize"]) if "resize" in said else None,
        crop_px=size_px(*said["crop"]) if "crop" in said else None,
        colour_order=_one_of(("RGB", "BGR", "GREY"), *said["colour_order"]) if "colour_order" in said else None,
        normalisation=normalisation_of(mean, std, scale, write) if {"mean", "std", "scale"} & set(said) else None,
        interpolation=_one_of(INTERPOLATIONS, *said["interpolation"]) if "interpolation" in said else None,
        layout=_one_of(("NCHW", "NHWC"), *said["layout"]) if "layout" in said else None,
        sources=(source,) if set(said) - {"layout"} else (),
    )


def triple(text: str, say: Say) -> Triple:
    """Three numbers, as 123.7,116.3,103.5; one number stands for all channels. Raises ConvertError."""
    words = map(str.strip, text.split(",") if len(text) <= MAX_WORD else [])
    numbers = [float(word) if re.fullmatch(_NUMBER, word, re.ASCII) else math.nan for word in words]
    if len(numbers) not in (1, 3) or not all(abs(number) <= MAX_NUMBER for number in numbers):
        raise ConvertError(f"{say('')} cannot be {_shown(text)}.", f"Give one number a channel: {say('123.675,116.28,103.53')}")
    first, second, third = numbers * 3 if len(numbers) == 1 else numbers
    return first, second, third


def scale_factor(text: str, say: Say) -> Fraction:
    """The factor of each pixel, as 1/255 or 0.00392156862745098. Raises ConvertError."""
    if len(text) <= MAX_WORD and re.fullmatch(rf"{_NUMBER}(?:\s*/\s*{_NUMBER})?", text.strip(), re.ASCII):
        above, _, below = text.partition("/")
        divisor = Fraction(below.strip() or 1)
        if divisor and 1e-6 <= (factor := Fraction(above.strip()) / divisor) <= 1e6:
            return factor
    raise ConvertError(f"{say('')} cannot be {_shown(text)}.", f"Give the factor of each pixel: {say('1/255')}")


def size_px(text: str, say: Say) -> SizePx:
    """A side of a square, or WIDTHxHEIGHT. Raises ConvertError."""
    found = _SIZE.fullmatch(text.strip())
    sides = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in sides):
        raise ConvertError(
            f"{say('')} cannot be {_shown(text)}.",
            f"Give a side from {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels, or WIDTHxHEIGHT: {say('224')}",
        )
    return sides


def resize_way(text: str, say: Say) -> Resize:
    """`stretch`, `stretch:256`, `stretch:256x224` or `short:256`. Raises ConvertError, for what cannot be served with the reason."""
    word, colon, size = text.strip().partition(":")
    if word == "stretch":
        return Resize("stretch", size_px(size, lambda side: say(f"stretch:{side}")) if colon else None)
    if word in ("short", "short_side") and colon:
        width, height = size_px(size, lambda side: say(f"short:{side}"))
        if width == height:
            return Resize("short_side", (width, height))
    if word in _UNSERVED:
        raise unserved(say(word), _UNSERVED[word], say("stretch"))
    raise ConvertError(f"{say('')} cannot be {_shown(text)}.", f"Give {say('stretch')}, {say('stretch:256')} or {say('short:256')}")


def unserved(what: str, how: str, instead: str = "a stretch") -> ConvertError:
    """The refusal of a geometry that no engine here serves, with the nearest one."""
    return ConvertError(
        f"{what} {how}, and the engines cannot: they stretch, or scale the short side and crop.",
        f"Train with one of these two. To see what the difference costs, say {instead}, which also shows the whole picture, and evaluate.",
    )


def _one_of(allowed: tuple[str, ...], text: str, say: Say) -> Any:  # noqa: ANN401 - each part has words of its own
    if text not in allowed:
        raise ConvertError(f"{say('')} cannot be {_shown(text)}.", f"It is one of {', '.join(allowed)}.")
    return text


def _shown(text: str) -> str:
    return repr(text if len(text) <= MAX_WORD else f"{text[:50]}…")
