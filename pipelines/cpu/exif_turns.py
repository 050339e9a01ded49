"""Whether the OpenCV of this process turns PNGs and WebPs by their EXIF orientation; each version turns JPEGs."""

from base64 import b64decode
from functools import cache

import cv2
import numpy as np

# Two pixels side by side, which orientation 6 shows one above the other.
_TURNED_PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABAQAAAADcWUInAAAAGmVYSWZNTQAqAAAACAABARIAAwAAAAEABgAAAAAAANZnS2kAAAAK"
    "SURBVHicY3AAAABCAEEpN/TvAAAAAElFTkSuQmCC"
)
_TURNED_WEBP = (
    "UklGRlQAAABXRUJQVlA4WAoAAAAIAAAAAQAAAAAAVlA4TBMAAAAvAQAAAA8w//M///MfeKhARP8DAEVYSUYaAAAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAA="
)


@cache
def turns_pictures() -> bool:
    """Found out with a picture of each kind: OpenCV 5 does, OpenCV 4 only a PNG, and only if its libpng reads EXIF."""
    return all(
        _is_upright(cv2.imdecode(np.frombuffer(b64decode(picture), np.uint8), cv2.IMREAD_COLOR)) for picture in (_TURNED_PNG, _TURNED_WEBP)
    )


def _is_upright(pixels: cv2.typing.MatLike | None) -> bool:
    return pixels is not None and pixels.shape[:2] == (2, 1)
