"""The size that the head of a JPEG tells."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.cpu.jpeg_segments import APP1, SOS, segments, upright_jpeg_px
from server.images.inspection import inspect_image

PHOTO = cv2.imencode(".jpg", np.full((48, 80, 3), 90, np.uint8))[1].tobytes()


def with_app1(block: bytes) -> bytes:
    return PHOTO[:2] + b"\xff\xe1" + (2 + len(block)).to_bytes(2) + block + PHOTO[2:]


def turned(orientation: int) -> bytes:
    """A photo that the server has inspected: it writes the EXIF block anew."""
    block = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + bytes((orientation, 0, 0, 0, 0, 0, 0, 0))
    return inspect_image(with_app1(block), 10_000).data


def test_the_segments_up_to_the_first_scan() -> None:
    markers = [marker for marker, _, _ in segments(turned(6))]
    assert (markers[0], markers[-1], markers.count(SOS)) == (APP1, SOS, 1)
    assert all(start + 4 <= end for _, start, end in segments(PHOTO))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_that_of_the_picture_as_opencv_shows_it(orientation: int) -> None:
    data = turned(orientation)
    shown = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    height, width = shown.shape[:2]
    assert upright_jpeg_px(data) == (width, height) == ((48, 80) if orientation >= 5 else (80, 48))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"\x89PNG\r\n\x1a\n",
        with_app1(b"http:"),
        with_app1(turned(6)[6:38].replace(b"\6\0", b"\x09\0")),
        PHOTO[: PHOTO.index(b"\xff\xc0") + 10],
    ],
)
def test_what_is_not_certain_is_not_told(data: bytes) -> None:
    assert upright_jpeg_px(data) is None


@given(st.integers(0, len(PHOTO) - 1), st.integers(0, 255), st.integers(0, 200))
def test_a_changed_or_cut_file_ends_without_an_error(at: int, value: int, kept: int) -> None:
    changed = bytearray(PHOTO)
    changed[at] = value
    for data in (bytes(changed), PHOTO[:kept]):
        found = upright_jpeg_px(data)
        assert found is None or all(0 <= side < 2**16 for side in found)
