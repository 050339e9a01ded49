"""The transforms with which weights were trained, and the nearest recipe for each.

- training: the transform of this project, and of mindspore-ai/models research/cv/ResNeXt (src/dataset.py: Resize((256, 256)), CenterCrop).
- torchvision-v1: torchvision's ResNeXt50_32X4D and ResNeXt101_32X8D IMAGENET1K_V1 (models/resnet.py: crop_size=224, and 256 by
  default); timm's tv_in1k, fb_wsl, fb_ssl and fb_swsl (timm/models/resnet.py, _cfg: bilinear, crop_pct 0.875).
- torchvision-v2: both IMAGENET1K_V2 and ResNeXt101_64X4D IMAGENET1K_V1 (resize_size=232); timm's tv2_in1k.
- timm: its gluon_in1k and ra_in1k (_gcfg, _ttcfg: bicubic, crop_pct 0.875, so floor(224 / 0.875) = 256).
- timm-rsb: its a1_in1k, a1h_in1k, a2_in1k and c1_in1k (_rcfg: bicubic, crop_pct 0.95, so floor(224 / 0.95) = 235).
- stretch: the whole picture.

Except for the first and the last, Pillow resizes with antialiasing; mean and deviation are ImageNet's.
"""

from dataclasses import dataclass
from typing import Literal

from convert.conversion_errors import ConvertError
from models.manifest import Recipe, Transform, Triple

IMAGENET_MEAN: Triple = (123.675, 116.28, 103.53)  # 255 times 0.485, 0.456, 0.406
IMAGENET_STD: Triple = (58.395, 57.12, 57.375)  # 255 times 0.229, 0.224, 0.225
USUAL_SIDE_PX = 224
TRAINING = "training"
TORCHVISION = "torchvision-v1"


@dataclass(frozen=True, slots=True)
class _Row:
    """Resize to `resize_px` (for a network of 224), then a centre crop; Pillow's `interpolation` of the short side, or a stretch."""

    resize_px: int
    interpolation: Literal["bilinear", "bicubic"] | None = None


_ROWS = {
    TRAINING: _Row(256),
    TORCHVISION: _Row(256, "bilinear"),
    "torchvision-v2": _Row(232, "bilinear"),
    "timm": _Row(256, "bicubic"),
    "timm-rsb": _Row(235, "bicubic"),
    "stretch": _Row(USUAL_SIDE_PX),
}
NAMES = tuple(_ROWS)


def recipe_for(name: str, side_px: int = USUAL_SIDE_PX) -> tuple[Recipe, Transform | None]:
    """The recipe nearest to the transform, and the transform itself if the recipe only comes near to it.

    `side_px` is the side of the network's square input; the resize scales with it. Raises ConvertError.
    """
    row = _ROWS.get(name)
    if row is None:
        raise ConvertError(f"Unknown transform {name!r}.", f"Known: {', '.join(NAMES)}")
    resize_px = row.resize_px * side_px // USUAL_SIDE_PX
    told = f"{name}: resize {resize_px}, centre crop {side_px}" if resize_px > side_px else f"{name}: resize {side_px}"
    crop_px = side_px if resize_px > side_px or row.interpolation else None
    recipe = Recipe(
        resize="short_side" if row.interpolation else "stretch",
        resize_width_px=resize_px,
        resize_height_px=resize_px,
        crop_width_px=crop_px,
        crop_height_px=crop_px,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        trained_with=f"{told}, {row.interpolation} and antialiased (Pillow); the pipeline comes near to it" if row.interpolation else told,
    )
    if row.interpolation is None:
        return recipe, None
    return recipe, Transform(name=name, resize_px=resize_px, crop_px=side_px, interpolation=row.interpolation)
