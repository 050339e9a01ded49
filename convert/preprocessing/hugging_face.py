"""Reads a `preprocessor_config.json` of Hugging Face's transformers.

The same key means different things for different classes of processors, so only those are read whose meaning is certain
(transformers/models/*/image_processing_*.py). `size` was a number before 4.25; which class stretches to it is listed here.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from convert.preprocessing.normalisation_units import normalisation_of
from convert.preprocessing.recipe_fields import Fields
from convert.preprocessing.said_recipe import Normalisation, Resize, SaidRecipe, SizePx

_MARKS = ("image_processor_type", "feature_extractor_type", "image_mean", "do_resize", "do_normalize")
_TYPE = re.compile(r"(ImageProcessor|FeatureExtractor)(Fast)?$")
_STRETCHING = {"ViT", "Beit", "DeiT"}  # to a size that is one number
_SHORT_SIDE = {"Bit", "CLIP", "MobileNetV1", "MobileNetV2", "MobileViT"}
_CONVNEXT = "ConvNext"  # of ResNet, RegNet and ConvNeXt
_CROPS_UNASKED = {"DeiT", *_SHORT_SIDE}
_RESAMPLE = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}  # PIL.Image.Resampling
_CONVNEXT_STRETCH_PX = 384  # from this size on ConvNeXt stretches and does not crop
_CONVNEXT_CROP_PCT = 224 / 256


def is_hugging_face(content: Mapping[str, Any]) -> bool:
    """Whether the file speaks of an image processor."""
    return any(mark in content for mark in _MARKS)


def from_hugging_face(content: Mapping[str, Any], file: str) -> SaidRecipe:
    """What the file says; raises ConvertError where its meaning is not certain."""
    fields = Fields(content, file)
    kind = fields.text("image_processor_type") or fields.text("feature_extractor_type")
    family = _TYPE.sub("", kind)
    if family not in {*_STRETCHING, *_SHORT_SIDE, _CONVNEXT, ""}:
        raise fields.refuse(f"it is of a {kind[:60]}, and what that does with pictures is not known here")
    if not fields.flag("do_resize", default=True):
        raise fields.refuse("do_resize is false, so the size of the pictures is unknown")
    resize, crop_px = _convnext(fields) if family == _CONVNEXT else _by_keys(fields, family)
    resample = fields.number("resample")
    if resample is not None and resample not in _RESAMPLE:
        raise fields.refuse(f"resample is {resample:g}, which Pillow does not know")
    return SaidRecipe(
        resize=resize,
        crop_px=crop_px,
        colour_order="BGR" if fields.flag("do_flip_channel_order", default=family == "MobileViT") else "RGB",
        normalisation=_normalisation(fields, normalises=family != "MobileViT"),
        interpolation=None if resample is None else _RESAMPLE[int(resample)],
        sources=(file,),
    )


def _by_keys(fields: Fields, family: str) -> tuple[Resize, SizePx | None]:
    size = fields.below("size") if fields.is_object("size") else None
    crop_px = fields.size_px("crop_size") if fields.flag("do_center_crop", default=family in _CROPS_UNASKED) else None
    if fields.flag("do_center_crop", default=family in _CROPS_UNASKED) and crop_px is None:
        raise fields.refuse("it crops, and crop_size is missing")
    side = size.side_px("shortest_edge") if size else fields.side_px("size")
    if side is None:
        if (whole := fields.size_px("size")) is None:
            raise fields.refuse("size has neither shortest_edge nor width and height")
        return Resize("stretch", whole), crop_px
    if size is None and family not in _SHORT_SIDE:
        if family not in _STRETCHING:
            raise fields.refuse(f"size is {side}, and without the type of the processor it can be a stretch or the short side")
        return Resize("stretch", (side, side)), crop_px
    if crop_px is None:
        raise fields.refuse(f"it scales the short side to {side} and does not crop, so the pictures have different sizes")
    return Resize("short_side", (side, side)), crop_px


def _convnext(fields: Fields) -> tuple[Resize, SizePx | None]:
    size = fields.below("size") if fields.is_object("size") else None
    side = size.side_px("shortest_edge") if size else fields.side_px("size")
    share = fields.number("crop_pct")
    share = _CONVNEXT_CROP_PCT if share is None else share
    if side is None or not 0 < share <= 1:
        raise fields.refuse("size or crop_pct is not one that a ConvNextImageProcessor can have")
    if side >= _CONVNEXT_STRETCH_PX:
        return Resize("stretch", (side, side)), None
    return Resize("short_side", (int(side / share),) * 2), (side, side)


def _normalisation(fields: Fields, *, normalises: bool) -> Normalisation:
    scale = None
    if fields.flag("do_rescale", default=True):
        factor = fields.number("rescale_factor")
        scale = Fraction(1, 255) if factor is None else Fraction(factor)
        if scale <= 0:
            raise fields.refuse("rescale_factor must be positive")
    if fields.flag("rescale_offset", default=False):
        raise fields.refuse("rescale_offset moves the pixels")
    mean, std = fields.triple("image_mean"), fields.triple("image_std")
    if not fields.flag("do_normalize", default=normalises):
        return normalisation_of(None, None, scale)
    if mean is None or std is None:
        raise fields.refuse("it normalises, and image_mean or image_std is missing")
    return normalisation_of(mean, std, scale)
