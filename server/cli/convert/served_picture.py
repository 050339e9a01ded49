"""Reads a picture as the server gives it to the decoder of its CPU runtime."""

from collections.abc import Callable

from pipelines.cpu import exif_turns
from server.images.files import read_image
from server.images.preparation import prepared


def read_served(read: Callable[[], bytes], max_image_pixels: int) -> bytes:
    """What `read` gives, checked, and turned or decoded where the decoder does not; raises FileUnreadable and ServiceError."""
    return prepared(read_image(read, max_image_pixels), turns=exif_turns.turns_pictures()).data
