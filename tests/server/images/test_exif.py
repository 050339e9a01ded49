import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.images.exif import read_orientation, write_orientation

Entry = tuple[int, int, int, bytes]  # tag, type, count, value


def block(*entries: Entry, order: str = "<", directory: int = 8) -> bytes:
    start = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, directory)
    listed = b"".join(struct.pack(f"{order}HHI4s", *entry) for entry in entries)
    return start.ljust(directory, b"\0") + struct.pack(f"{order}H", len(entries)) + listed + bytes(4)


MAKE = (0x010F, 2, 4, b"abc\0")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_either_byte_order(orientation: int) -> None:
    little = block(MAKE, (0x0112, 3, 1, struct.pack("<HH", orientation, 0)))
    big = block(MAKE, (0x0112, 3, 1, struct.pack(">HH", orientation, 0)), order=">", directory=20)
    assert read_orientation(little) == read_orientation(big) == read_orientation(b"Exif\0\0" + big) == orientation


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_is_written_is_read(orientation: int) -> None:
    assert read_orientation(write_orientation(orientation)) == orientation


@pytest.mark.parametrize("value", [0, 9, 0xFFFF])
def test_values_without_meaning(value: int) -> None:
    assert read_orientation(write_orientation(value)) == 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_long_number_and_two_preambles(order: str) -> None:
    exif = block(MAKE, (0x0112, 4, 1, struct.pack(f"{order}I", 6)), order=order)
    assert [read_orientation(b"Exif\0\0" * preambles + exif) for preambles in range(4)] == [6, 6, 6, 1]


def test_first_entry_counts_whatever_its_type() -> None:
    assert read_orientation(block((0x0112, 4, 1, b"\6\0\0\0"), (0x0112, 3, 1, b"\3\0\0\0"))) == 6


@pytest.mark.parametrize(
    "odd",
    [
        b"",
        b"II",
        write_orientation(6)[:8],
        write_orientation(6)[:19],
        b"MM\0\x2b" + write_orientation(6)[4:],
        b"MM\0\x2a\xff\xff\xff\xff" + write_orientation(6)[8:],
        block(MAKE),
        block(),
    ],
)
def test_odd_blocks_are_upright(odd: bytes) -> None:
    assert read_orientation(odd) == 1


@given(st.binary(max_size=64), st.sampled_from([b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]))
def test_any_bytes_give_an_orientation(data: bytes, start: bytes) -> None:
    assert 1 <= read_orientation(start + data) <= 8
