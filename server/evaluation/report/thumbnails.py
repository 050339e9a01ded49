"""Small pictures of the images a report shows."""

from collections.abc import Collection
from typing import Protocol

import cv2
import numpy as np

from pipelines.cpu.decoder_warnings import decode_unwarned
from pipelines.cpu.exif_turns import turns_pictures
from server.errors import ServiceError
from server.evaluation.dataset.labelled_set import LabelledSet
from server.evaluation.report.report import Report
from server.images.inspection import inspect_image
from server.images.preparation import prepared
from server.images.upright import Pixels

SIDE_PX = 192

_QUALITY = (cv2.IMWRITE_JPEG_QUALITY, 75, cv2.IMWRITE_JPEG_OPTIMIZE, 1)


class Items(Protocol):
    """The list of a run, for example a LabelledSet."""

    def read(self, index: int, max_bytes: int) -> bytes:
        """The content of one image of the list; raises OSError."""


def wrong_thumbnails(report: Report, items: Items, max_bytes: int, max_pixels: int) -> dict[int, bytes]:
    """JPEGs, by index, of the report's wrong images that are still readable; `items` is the list of the run."""
    drawn = ((wrong.index, _readable(items, wrong.index, max_bytes, max_pixels)) for wrong in report.wrong)
    return {index: jpeg for index, jpeg in drawn if jpeg}


def named_thumbnails(names: Collection[str], labelled: LabelledSet, max_bytes: int, max_pixels: int) -> dict[str, bytes]:
    """JPEGs, by name, of images of a set that are still readable."""
    wanted, found = set(names), {}
    for index, name in enumerate(labelled.names):
        if name in wanted and (jpeg := _readable(labelled, index, max_bytes, max_pixels)):
            found[name] = jpeg
    return found


def _readable(items: Items, index: int, max_bytes: int, max_pixels: int) -> bytes | None:
    try:
        return thumbnail(items.read(index, max_bytes), max_pixels)
    except (ServiceError, OSError, cv2.error):
        return None  # the page shows its names without a picture


def thumbnail(data: bytes, max_pixels: int) -> bytes:
    """A JPEG of an image, upright, its longer side at most 192 pixels; raises the errors of `inspect_image` and `prepared`."""
    image = prepared(inspect_image(data, max_pixels), turns=turns_pictures())
    times = max(image.width_px, image.height_px) / SIDE_PX
    reduced = next((flag for least, flag in _REDUCED if times >= least), cv2.IMREAD_COLOR)

    def read(encoded: bytes) -> Pixels | None:
        pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), reduced)
        return None if pixels is None else pixels.astype(np.uint8, copy=False)

    pixels = decode_unwarned(read, image.data)
    if pixels is None:
        raise OSError("it cannot be decoded")
    height_px, width_px = pixels.shape[:2]
    scale = min(1.0, SIDE_PX / max(height_px, width_px))
    size_px = max(1, round(width_px * scale)), max(1, round(height_px * scale))
    _, jpeg = cv2.imencode(".jpg", cv2.resize(pixels, size_px, interpolation=cv2.INTER_AREA), _QUALITY)
    return jpeg.tobytes()


# To decode a JPEG at an eighth is much cheaper; this is how many times larger than the thumbnail the image must be.
_REDUCED = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))
