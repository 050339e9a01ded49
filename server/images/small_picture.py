"""A small upright copy of a picture, for what needs no more than that."""

import cv2

from pipelines.reduction import denominator
from server.images.preparation import prepared
from server.images.reduced_price import priced_reduced
from server.images.upright import Pixels, decode_checked, priced_upright, upright_px
from server.types import EncodedImage, ImageFormat

_REDUCED = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}


def small_px(image: EncodedImage, most_px: int) -> tuple[int, int]:
    """(width, height) of the copy: upright, and no side longer than `most_px`."""
    full_px = upright_px(image)
    shrink = min(1.0, most_px / max(full_px))
    width_px, height_px = (max(1, round(side_px * shrink)) for side_px in full_px)
    return width_px, height_px


def priced_small(image: EncodedImage, most_px: int) -> EncodedImage:
    """The image, its estimated costs with those of `small_picture`."""
    return priced_reduced(priced_upright(image), small_px(image, most_px))


def small_picture(image: EncodedImage, most_px: int) -> Pixels:
    """The pixels, (height, width, 3) in BGR; raises UndecodableImage. A JPEG is decoded reduced, as far as its copy allows."""
    wanted_px = small_px(image, most_px)
    by = denominator(upright_px(image), wanted_px) if image.format is ImageFormat.JPEG else 1
    pixels = decode_checked(prepared(image, turns=False), _REDUCED.get(by, cv2.IMREAD_COLOR))
    shown_px = (pixels.shape[1], pixels.shape[0])
    if shown_px == wanted_px:
        return pixels
    return cv2.resize(pixels, wanted_px, interpolation=cv2.INTER_AREA).astype(pixels.dtype, copy=False)
