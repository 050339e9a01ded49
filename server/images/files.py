"""Reads image files for an engine."""

import errno
from collections.abc import Callable

from server.errors import BadRequest, BodyTooLarge
from server.images.file_errors import FileUnreadable
from server.images.inspection import inspect_image
from server.types import EncodedImage


def read_image(read: Callable[[], bytes], max_image_pixels: int) -> EncodedImage:
    """Read a file and check it like the image of a request; raises FileUnreadable, or ServiceError for an unusable image.

    `read` gives its content or raises OSError, EFBIG for one that is too large.
    """
    try:
        data = read()
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise BodyTooLarge(f"The file is too large: {error.strerror}.", "Save it smaller, or raise MAX_BODY_BYTES.") from error
        raise FileUnreadable(f"The file cannot be read: {error.strerror}.") from error
    try:
        return inspect_image(data, max_image_pixels)
    except BadRequest as error:  # it is empty, and nobody has requested anything
        raise FileUnreadable(error.message, error.remedy) from error
