"""Reads image files for an engine."""

from pathlib import Path

from server.errors import BadRequest
from server.images.file_errors import FileUnreadable
from server.images.inspection import inspect_image
from server.types import EncodedImage


def read_image(path: Path, max_image_pixels: int) -> EncodedImage:
    """Read a file and check it like the image of a request; raises FileUnreadable, or ServiceError for an unusable image."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"The file cannot be read: {error.strerror}.") from error
    try:
        return inspect_image(data, max_image_pixels)
    except BadRequest as error:  # it is empty, and nobody has requested anything
        raise FileUnreadable(error.message, error.remedy) from error
