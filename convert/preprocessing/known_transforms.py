"""The transforms with which weights were trained, by name.

- training: the transform of this project, and of mindspore-ai/models research/cv/ResNeXt (src/dataset.py: Resize((256, 256)), CenterCrop).
- torchvision-v1: torchvision's ResNeXt50_32X4D and ResNeXt101_32X8D IMAGENET1K_V1 (models/resnet.py: crop_size=224, and 256 by
  default); timm's tv_in1k, fb_wsl, fb_ssl and fb_swsl (timm/models/resnet.py, _cfg: bilinear, crop_pct 0.875).
- torchvision-v2: both IMAGENET1K_V2 and ResNeXt101_64X4D IMAGENET1K_V1 (resize_size=232); timm's tv2_in1k.
- timm: its gluon_in1k and ra_in1k (_gcfg, _ttcfg: bicubic, crop_pct 0.875, so floor(224 / 0.875) = 256).
- timm-rsb: its a1_in1k, a1h_in1k, a2_in1k and c1_in1k (_rcfg: bicubic, crop_pct 0.95, so floor(224 / 0.95) = 235).
- stretch: the whole picture.
- efficientnet-lite: the whole picture too, mean 127 and deviation 128 (tensorflow/tpu, models/official/efficientnet/lite).

In those between, Pillow resizes with antialiasing; mean and deviation are ImageNet's except for the last. torchvision's own names of
weights, as ResNet50_Weights.IMAGENET1K_V2, stand for their transform.
"""

from dataclasses import dataclass
from typing import Literal

from convert.conversion_errors import ConvertError
from convert.preprocessing.said_recipe import Normalisation, Resize, SaidRecipe, SizePx
from models.manifest import Triple

IMAGENET_MEAN: Triple = (123.675, 116.28, 103.53)  # 255 times 0.485, 0.456, 0.406
IMAGENET_STD: Triple = (58.395, 57.12, 57.375)  # 255 times 0.229, 0.224, 0.225
USUAL_SIDE_PX = 224
TRAINING = "training"
TORCHVISION = "torchvision-v1"
TORCHVISION_V2 = "torchvision-v2"
STRETCH = "stretch"
EFFICIENTNET_LITE = "efficientnet-lite"
_IMAGENET = Normalisation(IMAGENET_MEAN, IMAGENET_STD)


@dataclass(frozen=True, slots=True)
class _Row:
    """Resize to `resize_px` (for a network of 224), then a centre crop; Pillow's `interpolation` of the short side, or a stretch."""

    resize_px: int
    interpolation: Literal["bilinear", "bicubic"] | None = None
    normalisation: Normalisation = _IMAGENET


_ROWS = {
    TRAINING: _Row(256),
    TORCHVISION: _Row(256, "bilinear"),
    TORCHVISION_V2: _Row(232, "bilinear"),
    "timm": _Row(256, "bicubic"),
    "timm-rsb": _Row(235, "bicubic"),
    STRETCH: _Row(USUAL_SIDE_PX),
    EFFICIENTNET_LITE: _Row(USUAL_SIDE_PX, normalisation=Normalisation((127.0,) * 3, (128.0,) * 3)),
}
NAMES = tuple(_ROWS)
_V2 = ("ResNet50", "ResNet101", "ResNet152", "ResNeXt50_32X4D", "ResNeXt101_32X8D", "Wide_ResNet50_2", "Wide_ResNet101_2")
_V1 = ("ResNet18", "ResNet34", *_V2)
_TORCHVISION_WEIGHTS = {f"{name}_Weights.IMAGENET1K_V1": TORCHVISION for name in _V1} | {
    **{f"{name}_Weights.IMAGENET1K_V2": TORCHVISION_V2 for name in _V2},
    "ResNeXt101_64X4D_Weights.IMAGENET1K_V1": TORCHVISION_V2,
}


def known_transform(name: str, network_px: SizePx | None = None) -> SaidRecipe:
    """The transform of that name, for a network of pictures of `network_px`, else of 224x224; the resize scales with it.

    Raises ConvertError.
    """
    known = _TORCHVISION_WEIGHTS.get(name, name)
    row = _ROWS.get(known)
    if row is None:
        raise ConvertError(f"Unknown transform {name!r}.", f"Known: {', '.join(NAMES)}")
    width, height = network_px or (USUAL_SIDE_PX, USUAL_SIDE_PX)
    if width != height and row.interpolation:
        raise ConvertError(
            f"The transform {name!r} makes square pictures, and the network takes {width}x{height}.",
            f"Say how it was trained, for example: --resize stretch:{width}x{height}",
        )
    resized = (row.resize_px * width // USUAL_SIDE_PX, row.resize_px * height // USUAL_SIDE_PX)
    return SaidRecipe(
        resize=Resize("short_side" if row.interpolation else "stretch", resized),
        crop_px=(width, height),
        colour_order="RGB",
        normalisation=row.normalisation,
        interpolation=row.interpolation or "linear",
        sources=(f"--transform {name}" if name == known else f"--transform {name}, {known}",),
        name=known,
    )
