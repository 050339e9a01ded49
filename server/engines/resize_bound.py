"""What the recipe's resize makes of a picture, bounded before any engine sees it.

A recipe that keeps the ratio makes a long picture from a flat one: 256x15,360,000 pixels from 60000x1.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pipelines.cpu.text.spec import parse_pipeline
from server.engines.work import InferenceRequest
from server.errors import ImageTooLarge
from server.images.decode_cost import BGR_BYTES, RESIZED_PIXEL_S
from server.images.reduced_price import priced_reduced
from server.images.upright import upright_px

KEEPS_SHORT = "Resizer_KeepAspectRatio_Short"
"""The only resizeType whose result has no bound of its own."""

Resize = Callable[[int, int], tuple[int, int]]
"""(width, height) of the picture after the resize, from those before it; in pixels."""


@dataclass(frozen=True)
class ResizeBound:
    """Holds what `resize` makes of an image against `most_pixels`.

    `reduces`: the engines reduce a JPEG while they decode it, which costs less.
    """

    resize: Resize = lambda _width_px, _height_px: (0, 0)
    most_pixels: int = 0
    reduces: bool = False

    def priced(self, request: InferenceRequest) -> InferenceRequest:
        """The request, its image's estimated costs with those of the decode and of a resize that makes it larger; raises ImageTooLarge."""
        image = request.image
        width_px, height_px = self.resize(*upright_px(image))
        pixels = width_px * height_px
        if pixels <= image.width_px * image.height_px:
            return replace(request, image=priced_reduced(image, (width_px, height_px))) if self.reduces else request
        if pixels > self.most_pixels:
            raise ImageTooLarge(
                f"The image of {image.width_px}x{image.height_px} pixels would have {width_px}x{height_px} = {pixels} after the model's "
                f"resize, more than the {self.most_pixels} allowed.",
                "Send a picture that is less long and narrow.",
            )
        decode_s, decoded_bytes = image.decode_s + RESIZED_PIXEL_S * pixels, image.decoded_bytes + BGR_BYTES * pixels
        return replace(request, image=replace(image, decode_s=decode_s, decoded_bytes=decoded_bytes))


def resize_of(pipeline: Path) -> Resize:
    """The resize of a hand-written pipeline, as far as its result has no bound; reads the file when it is first called."""

    @cache
    def short_side_px() -> int:
        elements = [element for spec in parse_pipeline(pipeline.read_bytes()) for element in spec.of_factory("mxpi_imageresize")]
        return max((int(str(each.props["scaleValue"])) for each in elements if each.props["resizeType"] == KEEPS_SHORT), default=0)

    def resize(width_px: int, height_px: int) -> tuple[int, int]:
        short_px = min(width_px, height_px)
        return width_px * short_side_px() // short_px, height_px * short_side_px() // short_px

    return resize
