"""Reads a timm `config.json`, as it lies beside timm's weights on Hugging Face (timm/data/config.py and transforms_factory.py)."""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from convert.preprocessing.normalisation_units import normalisation_of
from convert.preprocessing.recipe_fields import Fields
from convert.preprocessing.recipe_words import unserved
from convert.preprocessing.said_recipe import PILLOW_INTERPOLATIONS, Resize, SaidRecipe, SizePx
from convert.preprocessing.served_sizes import MAX_SIDE_PX, MIN_SIDE_PX

_CROP_PCT = 0.875  # timm's DEFAULT_CROP_PCT
_CHANNELS = 3


def is_timm(content: Mapping[str, Any]) -> bool:
    """Whether the file has timm's `pretrained_cfg`, or is one."""
    return isinstance(content.get("pretrained_cfg"), dict) or ("input_size" in content and "crop_pct" in content)


def from_timm(content: Mapping[str, Any], file: str, network_px: SizePx | None = None) -> SaidRecipe:
    """What the file says. Of its two sizes the one of a network of `network_px` is taken, else that of the training.

    Raises ConvertError.
    """
    outer = Fields(content, file)
    fields = outer.below("pretrained_cfg") or outer
    size, share = _input_px(fields, "input_size"), fields.number("crop_pct")
    if size is None:
        raise fields.refuse("input_size is missing")
    if network_px not in (None, size) and (test := _input_px(fields, "test_input_size")) == network_px:
        size = test or size
        share = fields.number("test_crop_pct") or share
    share = _CROP_PCT if share is None else share
    if not 0 < share <= 1:
        raise fields.refuse(f"crop_pct is {share:g}, not above 0 and at most 1")
    mean, std = fields.triple("mean"), fields.triple("std")
    if mean is None or std is None:
        raise fields.refuse("mean or std is missing")
    interpolation = fields.text("interpolation") or "bicubic"
    if interpolation not in PILLOW_INTERPOLATIONS:
        raise fields.refuse(f"interpolation is {interpolation[:60]!r}")
    classes = fields.number("num_classes") or outer.number("num_classes")
    return SaidRecipe(
        resize=_resize(fields, size, share),
        crop_px=size,
        colour_order="RGB",
        normalisation=normalisation_of(mean, std, Fraction(1, 255)),  # ToTensor divides by 255
        interpolation=interpolation,
        sources=(file,),
        classes=int(classes) if classes else None,
    )


def _resize(fields: Fields, size: SizePx, share: float) -> Resize:
    mode = fields.text("crop_mode") or "center"
    width, height = (math.floor(side / share) for side in size)
    if mode == "squash":
        return Resize("stretch", (width, height))
    if mode == "border":
        raise unserved("crop_mode border", "fits the whole picture in and fills up the rest")
    if mode != "center" or width != height:
        raise fields.refuse(f"crop_mode is {mode[:60]!r} for {size[0]}x{size[1]} pixels")
    return Resize("short_side", (width, height))


def _input_px(fields: Fields, key: str) -> SizePx | None:
    """(width, height) of [channels, height, width]."""
    shape = fields.list_of(key)
    if not shape:
        return None
    if len(shape) != 3 or shape[0] != _CHANNELS or not all(type(side) is int and MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in shape[1:]):
        raise fields.refuse(f"{key} is not [3, height, width]")
    return shape[2], shape[1]
