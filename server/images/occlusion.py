"""Covers one part of a picture after the other, to see what an answer depends on (Zeiler and Fergus, 2014, section 4.2)."""

import math
from typing import NamedTuple

import numpy as np

from server.images.bmp import write_bmp
from server.images.decode_cost import BMP_PIXEL_S, PEAK_BYTES
from server.images.upright import Pixels
from server.types import EncodedImage, ImageFormat

LEAST_GRID, MOST_GRID = 4, 14
MARGIN = 0.25
"""By so much of a cell a patch is larger on each side: what lies on the border of two cells is covered whole at least once."""


class Patch(NamedTuple):
    """The part of a picture that is covered for one cell of the grid, in pixels."""

    left: int
    top: int
    right: int
    bottom: int


def patch_of(row: int, column: int, grid: int, width_px: int, height_px: int) -> Patch:
    """The patch of a cell, inside the picture and at least a pixel wide and high."""
    left, right = _reach(column, grid, width_px)
    top, bottom = _reach(row, grid, height_px)
    return Patch(left, top, right, bottom)


def _reach(place: int, grid: int, side_px: int) -> tuple[int, int]:
    begin = math.floor((place - MARGIN) * side_px / grid)
    end = math.ceil((place + 1 + MARGIN) * side_px / grid)
    return max(0, begin), min(side_px, end)


class Occlusion:
    """A picture, (height, width, 3) in BGR, of which parts are covered with its mean colour: the least that a patch can say of its own."""

    def __init__(self, pixels: Pixels) -> None:
        self._pixels = pixels
        self._colour = np.rint(pixels.mean(axis=(0, 1))).astype(np.uint8)

    def covered(self, row: int, column: int, grid: int) -> EncodedImage:
        """The picture without loss, the patch of a cell covered."""
        height_px, width_px = self._pixels.shape[:2]
        return self._image(patch_of(row, column, grid, width_px, height_px))

    def whole(self) -> EncodedImage:
        """The picture without loss."""
        return self._image(None)

    def _image(self, patch: Patch | None) -> EncodedImage:
        def draw(into: Pixels) -> None:
            np.copyto(into, self._pixels)
            if patch:
                into[patch.top : patch.bottom, patch.left : patch.right] = self._colour

        height_px, width_px = self._pixels.shape[:2]
        area_px = width_px * height_px
        data = write_bmp(width_px, height_px, draw)
        return EncodedImage(data, ImageFormat.BMP, width_px, height_px, decode_s=BMP_PIXEL_S * area_px, decoded_bytes=PEAK_BYTES * area_px)
