from hypothesis import given
from hypothesis import strategies as st

from server.images.excision import without


def test_nothing_to_cut_is_no_copy() -> None:
    data = bytes(range(10))
    assert without(data, [], 10) is data


def test_parts_and_the_rest() -> None:
    assert without(b"0123456789", [(1, 3), (3, 4), (6, 7)], 9) == b"04578"


@given(st.binary(max_size=30), st.lists(st.integers(0, 30), max_size=8))
def test_only_what_is_outside_the_parts_stays(data: bytes, bounds: list[int]) -> None:
    cuts = sorted(min(bound, len(data)) for bound in bounds)
    parts = list(zip(cuts[::2], cuts[1::2], strict=False))
    kept = bytes(value for at, value in enumerate(data) if not any(start <= at < stop for start, stop in parts))
    assert without(data, parts, len(data)) == kept
