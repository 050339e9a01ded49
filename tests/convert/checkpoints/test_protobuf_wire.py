from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.checkpoints.malformed import Malformed
from convert.checkpoints.protobuf_wire import Field, fields, varints
from convert.checkpoints.weight_file import open_source


def parse(path: Path, data: bytes) -> list[Field]:
    path.write_bytes(data)
    with open_source(path) as file:
        return list(fields(file, range(len(data)), 3))


def varint(value: int) -> bytes:
    return (varint_head(value) + bytes([value >> 7 * ((max(value.bit_length(), 1) - 1) // 7)])) if value else b"\0"


def varint_head(value: int) -> bytes:
    return bytes(value >> 7 * index & 0x7F | 0x80 for index in range((max(value.bit_length(), 1) - 1) // 7))


def test_fields(tmp_path: Path) -> None:
    assert parse(tmp_path / "m", b"\x08\x96\x01" + b"\x12\x03abc" + b"\x1a\x00") == [
        Field(1, 150),
        Field(2, range(5, 8)),
        Field(3, range(10, 10)),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x12\x04abc", "ends beyond its message"),
        (b"\x12" + b"\xff" * 9 + b"\x01", "ends beyond its message"),
        (b"\x12", "no end"),
        (b"\x08\x80", "no end"),
        (b"\x08" + b"\x80" * 10 + b"\x01", "no end"),
        (b"\x00\x00", "field 0"),
        (b"\x0d1234", "wire type 5"),
        (b"\x0b\x0c", "wire type 3"),
        (b"\x08\x01" * 4, "more than 3 fields"),
    ],
)
def test_what_is_no_message(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(Malformed, match=message):
        parse(tmp_path / "m", data)


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_packed_numbers(values: list[int]) -> None:
    assert varints(b"".join(varint(value) for value in values), 0) == values
