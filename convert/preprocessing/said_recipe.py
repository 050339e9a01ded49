"""What is said about the way of the pixels to a network, part by part. A part that nothing says is None."""

from dataclasses import dataclass
from typing import Literal

from models.manifest import Triple

SizePx = tuple[int, int]
"""(width, height)"""
ResizeKind = Literal["stretch", "short_side"]
ColourOrder = Literal["RGB", "BGR", "GREY"]
Layout = Literal["NCHW", "NHWC"]
OPENCV_INTERPOLATIONS = ("linear", "area", "cubic")
PILLOW_INTERPOLATIONS = ("bilinear", "bicubic", "lanczos", "box", "hamming", "nearest")
INTERPOLATIONS = OPENCV_INTERPOLATIONS + PILLOW_INTERPOLATIONS
NEEDED = ("resize", "colour_order", "normalisation")
"""The parts that change an answer, and that nothing in the weights tells."""


@dataclass(frozen=True)
class Normalisation:
    """(x - mean) / std of pixels x of 0-255, for the channels in the order of the network."""

    mean: Triple
    std: Triple


@dataclass(frozen=True)
class Resize:
    """A stretch to `size_px`, or to the network's size if that is None; or the short side to the width of `size_px`."""

    kind: ResizeKind
    size_px: SizePx | None = None


@dataclass(frozen=True)
class SaidRecipe:
    """The parts of a recipe, and the `sources` that say them.

    `crop_px` is the centre crop, `name` that of a known transform, `trained_with` the words of a manifest for it, `classes` the number
    of classes of which the source speaks.
    """

    resize: Resize | None = None
    crop_px: SizePx | None = None
    colour_order: ColourOrder | None = None
    normalisation: Normalisation | None = None
    interpolation: str | None = None
    layout: Layout | None = None
    sources: tuple[str, ...] = ()
    name: str = ""
    trained_with: str = ""
    classes: int | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The needed parts that are not said."""
        return tuple(part for part in NEEDED if getattr(self, part) is None)

    @property
    def network_size_px(self) -> SizePx | None:
        """The size of the network's pictures, as far as this says it."""
        if self.crop_px or self.resize is None or self.resize.kind == "short_side":
            return self.crop_px
        return self.resize.size_px

    def over(self, other: "SaidRecipe") -> "SaidRecipe":
        """What this one says, and of the rest what the other says. A resize brings its own crop and interpolation, if it says them."""
        geometry = self if self.resize else other
        own = (self.resize, self.crop_px, self.interpolation, self.colour_order, self.normalisation)
        adds = any(getattr(other, part) is not None for part in self.missing)
        return SaidRecipe(
            resize=geometry.resize,
            crop_px=self.crop_px or geometry.crop_px,
            colour_order=self.colour_order or other.colour_order,
            normalisation=self.normalisation or other.normalisation,
            interpolation=self.interpolation or geometry.interpolation,
            layout=self.layout or other.layout,
            sources=tuple(dict.fromkeys((*self.sources, *(other.sources if adds else ())))),
            name="" if any(own) else other.name,
            trained_with="" if any(own) else other.trained_with,
            classes=other.classes if self.classes is None else self.classes,
        )
