"""The end of a JPEG scan."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.images import jpeg_scan
from server.images.jpeg_scan import find_restart, find_scan_end

CODED = st.lists(st.sampled_from([b"\xff", b"\0", b"\xd0", b"\xd9", b"\x12", b"\xff\0", b"\xff\xd9"]), max_size=60).map(b"".join)


@pytest.mark.parametrize(("restarts", "pattern"), [(False, rb"\xff[^\x00\xff]"), (True, rb"\xff[^\x00\xff\xd0-\xd7]")])
@pytest.mark.parametrize("slice_bytes", [2, 7, 1 << 20])
@given(data=CODED, start=st.integers(0, 5))
def test_slices_find_what_one_search_finds(data: bytes, start: int, restarts: bool, pattern: bytes, slice_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg_scan, "_FIRST_BYTES", slice_bytes)
        patch.setattr(jpeg_scan, "_MOST_BYTES", 2 * slice_bytes)
        found = find_scan_end(data, start, restarts=restarts)
    expected = re.compile(pattern).search(data, start)
    assert found == (expected.start() if expected else None)


@pytest.mark.parametrize("slice_bytes", [2, 7, 1 << 20])
@given(data=CODED, start=st.integers(0, 5), number=st.integers(0, 5))
def test_restarts_are_counted_over_slices(data: bytes, start: int, number: int, slice_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg_scan, "_MOST_BYTES", slice_bytes)
        found = find_restart(data, start, len(data), number)
    places = [match.start() for match in re.compile(rb"\xff[\xd0-\xd7]").finditer(data, start)]
    assert found == (places[number] if number < len(places) else None)
