"""How far a JPEG may be reduced while it is decoded: by the codec's own scaling, to a half, a quarter or an eighth of its sides.

The resize that follows shrinks the rest of the way, so most pixels of a large photo need not be computed. The answers are not quite the
same: the scaling averages pixels that a linear resize passes over. mxbase_cpp/src/reduction.cpp decides the same.
"""

from typing import Literal

Decode = Literal["exact", "reduced"]
"""Whether JPEGs are decoded whole, or reduced where the resize makes them smaller still."""

DENOMINATORS = (8, 4, 2)


def denominator(full_px: tuple[int, int], resized_px: tuple[int, int]) -> int:
    """8, 4, 2 or 1: the largest by which both sides can be divided and still be as long as those of the resized picture."""
    (width, height), (least_width, least_height) = full_px, resized_px
    return next((by for by in DENOMINATORS if width >= by * least_width and height >= by * least_height), 1)
