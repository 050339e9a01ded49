"""The size of a resized picture: the arithmetic of every resizeType, in the vendor's types, to get exactly the vendor's sizes.

Ratios are float32 and products of sizes are 32-bit unsigned, as in the vendor's plugin; both matter at the edges.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

_UINT32 = 2**32 - 1


class Size(NamedTuple):
    """A width and a height, in pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """The size properties of an element: resizeWidth/Height, scaleValue, minDimension/maxDimension, paddingWidth/Height."""

    size: Size
    scale_px: int
    min_px: int
    max_px: int
    padding: Size


@dataclass(frozen=True, slots=True)
class Plan:
    """The work on a picture: resize to each of `steps` in turn, then, if padding is configured, fill up to `canvas`.

    `scaling` is recorded as keepAspectRatioScaling. A step with a side of 0 cannot run.
    """

    steps: tuple[Size, ...]
    canvas: Size
    scaling: float = 0.0
    interpolation: int = cv2.INTER_LINEAR


def stretch(source: Size, wanted: Wanted) -> Plan:  # noqa: ARG001 - every type is called alike
    """Exactly the wanted size."""
    return Plan((wanted.size,), wanted.padding)


def keep_short(source: Size, wanted: Wanted) -> Plan:
    """The shorter side becomes scaleValue; sizes are truncated, not rounded."""
    return Plan((_scaled(source, np.float32(wanted.scale_px) / np.float32(min(source))),), wanted.padding)


def keep_long(source: Size, wanted: Wanted) -> Plan:
    """The longer side becomes scaleValue; sizes are truncated, not rounded."""
    return Plan((_scaled(source, np.float32(wanted.scale_px) / np.float32(max(source))),), wanted.padding)


def _scaled(source: Size, scale: np.float32, add: float = 0.0) -> Size:
    return Size(*(int(np.float32(side) * scale + np.float32(add)) for side in source))


def keep_fit(source: Size, wanted: Wanted) -> Plan:
    """The largest size that fits into the wanted size, rounded, then filled up to it."""
    width, height = wanted.size
    if (height * source.width) & _UINT32 > (source.height * width) & _UINT32:
        step = Size(width, _rounded(((source.height * width) & _UINT32) / source.width))
        return Plan((step,), wanted.size, _ratio(width, source.width))
    step = Size(_rounded(((source.width * height) & _UINT32) / source.height), height)
    return Plan((step,), wanted.size, _ratio(height, source.height))


def _rounded(value: float) -> int:
    """C's lround of a number that is not negative: halves go up."""
    floor = math.floor(value)
    return floor + (value - floor >= 0.5)


def _ratio(wanted_px: int, source_px: int) -> float:
    return float(np.float32(wanted_px) / np.float32(source_px))


def keep_fast_rcnn(source: Size, wanted: Wanted) -> Plan:
    """The shorter side becomes minDimension, unless the longer one would exceed maxDimension; in whole numbers only."""
    short, long = sorted(source)
    least, most = wanted.min_px, wanted.max_px
    if (least * long) & _UINT32 > (most * short) & _UINT32:
        sides, scaling = (((short * most) & _UINT32) // long, most), _ratio(most, long)
    else:
        sides, scaling = (least, ((long * least) & _UINT32) // short), _ratio(least, short)
    step = Size(sides[1], sides[0]) if source.width > source.height else Size(*sides)
    return Plan((step,), Size(most, most), scaling)


def only_padding(source: Size, wanted: Wanted) -> Plan:  # noqa: ARG001 - every type is called alike
    """The picture as it is, filled up."""
    return Plan((), wanted.padding)


def _rescaled(source: Size, into: Size) -> tuple[Size, np.float32]:
    scale = min(np.float32(max(into)) / np.float32(max(source)), np.float32(min(into)) / np.float32(min(source)))
    return _scaled(source, scale, 0.5), scale


def rescale(source: Size, wanted: Wanted) -> Plan:
    """Fit the long side into the long side and the short side into the short side, for landscape and portrait pictures."""
    step, scale = _rescaled(source, wanted.size)
    return Plan((step,), wanted.padding, float(scale))


def rescale_double(source: Size, wanted: Wanted) -> Plan:
    """Rescale, and once more if a portrait and a landscape meet and the result does not fit yet."""
    width, height = wanted.size
    first, scale = _rescaled(source, wanted.size)
    if width > height and first.height > height:
        second, again = _rescaled(first, Size(height, height))
    elif width < height and first.width > width:
        second, again = _rescaled(first, Size(width, width))
    else:
        return Plan((first,), wanted.padding, float(scale))
    return Plan((first, second), wanted.padding, float(scale * again))


def ms_yolov4(source: Size, wanted: Wanted) -> Plan:
    """The wanted size: the nearest pixel when both sides shrink, cubic when both grow, linear otherwise."""
    width, height = wanted.size
    method = cv2.INTER_LINEAR
    if source.height > height and source.width > width:
        method = cv2.INTER_NEAREST
    elif source.height < height and source.width < width:
        method = cv2.INTER_CUBIC
    return Plan((wanted.size,), wanted.padding, interpolation=method)


def paddle_ocr(source: Size, wanted: Wanted) -> Plan:
    """The wanted height, and a width that keeps the ratio but is at most the wanted width."""
    width, height = wanted.size
    kept = math.ceil(np.float32(height) * (np.float32(source.width) / np.float32(source.height)))
    if kept > width:
        return Plan((wanted.size,), wanted.size)
    return Plan((Size(kept, height),), wanted.size, _ratio(height, source.height))


class ResizeType(NamedTuple):
    """One resizeType: the vendor's number, its arithmetic, and whether it always pads."""

    number: int
    plan: Callable[[Size, Wanted], Plan]
    always_pads: bool = False


RESIZE_TYPES = {
    "Resizer_Stretch": ResizeType(0, stretch),
    "Resizer_KeepAspectRatio_FastRCNN": ResizeType(1, keep_fast_rcnn, always_pads=True),
    "Resizer_KeepAspectRatio_Fit": ResizeType(2, keep_fit, always_pads=True),
    "Resizer_OnlyPadding": ResizeType(3, only_padding, always_pads=True),
    "Resizer_KeepAspectRatio_Long": ResizeType(4, keep_long),
    "Resizer_KeepAspectRatio_Short": ResizeType(5, keep_short),
    "Resizer_Rescale": ResizeType(6, rescale),
    "Resizer_Rescale_Double": ResizeType(7, rescale_double),
    "Resizer_MS_Yolov4": ResizeType(8, ms_yolov4),
    "Resizer_PaddleOCR": ResizeType(9, paddle_ocr),
}
PADDING_TYPES = ("Padding_NO", "Padding_RightDown", "Padding_Around")
