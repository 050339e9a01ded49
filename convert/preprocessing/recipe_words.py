"""Reads the words in which a recipe is said: lists of numbers, a scale, sizes, a way to resize."""

import math
import re
from fractions import Fraction

from convert.conversion_errors import ConvertError
from convert.preprocessing.said_recipe import Resize, SizePx
from convert.preprocessing.served_sizes import MAX_SIDE_PX, MIN_SIDE_PX
from models.manifest import Triple

MAX_WORD = 200
MAX_NUMBER = 1e6
_NUMBER = r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,3})?"
_SIZE = re.compile(r"(\d{1,5})(?:[xX](\d{1,5}))?", re.ASCII)
_UNSERVED = {
    "pad": "fits the whole picture in and fills up the rest",
    "fit": "fits the whole picture in and fills up the rest",
    "long": "scales the long side",
}


def triple(text: str, option: str) -> Triple:
    """Three numbers, as 123.7,116.3,103.5; one number stands for all channels. Raises ConvertError."""
    words = text.split(",") if len(text) <= MAX_WORD else []
    numbers = [float(word) if re.fullmatch(_NUMBER, word.strip(), re.ASCII) else math.nan for word in words]
    if len(numbers) not in (1, 3) or not all(abs(number) <= MAX_NUMBER for number in numbers):
        raise ConvertError(f"{option} cannot be {_shown(text)}.", f"Give one number a channel: {option} 123.675,116.28,103.53")
    first, second, third = numbers * 3 if len(numbers) == 1 else numbers
    return first, second, third


def scale_factor(text: str, option: str = "--scale") -> Fraction:
    """The factor of each pixel, as 1/255 or 0.00392156862745098. Raises ConvertError."""
    if len(text) <= MAX_WORD and re.fullmatch(rf"{_NUMBER}(?:\s*/\s*{_NUMBER})?", text.strip(), re.ASCII):
        above, _, below = text.partition("/")
        divisor = Fraction(below.strip() or 1)
        if divisor and 1e-6 <= (factor := Fraction(above.strip()) / divisor) <= 1e6:
            return factor
    raise ConvertError(f"{option} cannot be {_shown(text)}.", f"Give the factor of each pixel: {option} 1/255")


def size_px(text: str, before: str) -> SizePx:
    """A side of a square, or WIDTHxHEIGHT; `before` is what stands before it, as "--crop ". Raises ConvertError."""
    found = _SIZE.fullmatch(text.strip())
    sides = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in sides):
        raise ConvertError(
            f"{before.rstrip()} cannot be {_shown(text)}.",
            f"Give a side from {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels, or WIDTHxHEIGHT: {before}224",
        )
    return sides


def resize_way(text: str, option: str = "--resize") -> Resize:
    """`stretch`, `stretch:256`, `stretch:256x224` or `short:256`. Raises ConvertError, for what cannot be served with the reason."""
    word, colon, size = text.strip().partition(":")
    if word == "stretch":
        return Resize("stretch", size_px(size, f"{option} stretch:") if colon else None)
    if word in ("short", "short_side") and colon:
        width, height = size_px(size, f"{option} short:")
        if width == height:
            return Resize("short_side", (width, height))
    if word in _UNSERVED:
        raise unserved(f"{option} {word}", _UNSERVED[word])
    raise ConvertError(f"{option} cannot be {_shown(text)}.", f"Give {option} stretch, {option} stretch:256 or {option} short:256")


def unserved(what: str, how: str) -> ConvertError:
    """The refusal of a geometry that no engine here serves, with the nearest one."""
    return ConvertError(
        f"{what} {how}, and the engines cannot: they stretch, or scale the short side and crop.",
        "Train with one of these two. To see what the difference costs, import with --resize stretch, which also shows the whole picture, "
        "and evaluate.",
    )


def _shown(text: str) -> str:
    return repr(text if len(text) <= MAX_WORD else f"{text[:50]}…")
