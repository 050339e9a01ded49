"""Pillow's antialiased resizing of 8-bit pictures, byte for byte and without Pillow.

The rule is that of Pillow's src/libImaging/Resample.c: two passes, first along the rows, then along the columns, each of which
rounds to 8 bits; the filter grows with the reduction; its weights sum to one and are rounded to 22 bits behind the point.
Pillow 13 takes the columns first where that is cheaper, which changes single bytes of some tall pictures; every Pillow that
today's weights were trained with takes the rows first, and so does this.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Interpolation = Literal["bilinear", "bicubic"]
Floats = NDArray[np.float64]

PRECISION_BITS = 32 - 8 - 2


def _triangle(x: Floats) -> Floats:
    return np.asarray(np.where(x < 1, 1 - x, 0.0))


def _cubic(x: Floats) -> Floats:
    """Keys' cubic convolution with a = -0.5."""
    a = -0.5
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.asarray(np.where(x < 1, near, np.where(x < 2, far, 0.0)))


_FILTERS: dict[str, tuple[Callable[[Floats], Floats], float]] = {"bilinear": (_triangle, 1.0), "bicubic": (_cubic, 2.0)}


def pillow_resize(pixels: Pixels, width_px: int, height_px: int, interpolation: Interpolation) -> Pixels:
    """uint8 [H, W, C] to uint8 [height_px, width_px, C], as `PIL.Image.resize` of mode RGB does it."""
    if pixels.shape[1] != width_px:
        pixels = _resample(pixels.transpose(1, 0, 2), width_px, interpolation).transpose(1, 0, 2)
    if pixels.shape[0] != height_px:
        pixels = _resample(pixels, height_px, interpolation)
    return np.ascontiguousarray(pixels)


def _resample(pixels: Pixels, length: int, interpolation: Interpolation) -> Pixels:
    """One pass, along the first axis; a weight at a time, which is a row at a time in memory."""
    first, weights = _weights(pixels.shape[0], length, interpolation)
    rows = np.ascontiguousarray(pixels).reshape(pixels.shape[0], -1)
    last = pixels.shape[0] - 1
    sums = np.full((length, rows.shape[1]), 1 << (PRECISION_BITS - 1), np.int32)
    product = np.empty_like(sums)
    for tap in range(weights.shape[1]):
        source = rows.take(np.minimum(first + tap, last), axis=0)  # beyond the last row the weight is 0
        np.multiply(source, weights[:, tap, None], out=product)
        sums += product
    sums >>= PRECISION_BITS
    return np.clip(sums, 0, 255).astype(np.uint8).reshape(length, *pixels.shape[1:])


def _weights(before: int, after: int, interpolation: Interpolation) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """For each of the `after` places the first source place, and the fixed-point weights from there on: [after, taps]."""
    shape, reach = _FILTERS[interpolation]
    scale = before / after
    stretch = max(scale, 1.0)
    support = reach * stretch
    centre = (np.arange(after) + 0.5) * scale
    first = np.maximum((centre - support + 0.5).astype(np.intp), 0)  # the cast cuts toward zero, as C's does
    end = np.minimum((centre + support + 0.5).astype(np.intp), before)
    places = first[:, None] + np.arange(int((end - first).max()))
    weights = shape(np.abs((places - centre[:, None] + 0.5) * (1 / stretch)))
    weights[places >= end[:, None]] = 0
    weights /= np.add.accumulate(weights, axis=1)[:, -1:]  # summed one by one: the last bit decides some roundings
    fixed = weights * (1 << PRECISION_BITS)
    return first, np.trunc(fixed + np.copysign(0.5, fixed)).astype(np.int32)
