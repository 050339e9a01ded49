"""The bounds on a picture's bytes and size."""

import pytest

from server.errors import ImageTooLarge, ServiceError, UndecodableImage
from server.images.refusal import require_bytes, require_size


@pytest.mark.parametrize(
    ("width_px", "height_px", "error"),
    [(0, 5, UndecodableImage), (5, -1, UndecodableImage), (65_501, 1, ImageTooLarge), (101, 100, ImageTooLarge), (100, 101, ImageTooLarge)],
)
def test_sizes_that_are_refused(width_px: int, height_px: int, error: type[ServiceError]) -> None:
    with pytest.raises(error):
        require_size(width_px, height_px, 10_000, offset=0)


def test_bounds_are_taken_in() -> None:
    require_size(100, 100, 10_000, offset=0)
    require_size(65_500, 1, 10**9, offset=0)
    require_bytes(b"12345", 1, 5, "A field")
    with pytest.raises(UndecodableImage, match="A field at byte 1 would end at byte 6, but the image has only 5 bytes"):
        require_bytes(b"12345", 1, 6, "A field")
