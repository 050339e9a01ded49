"""The fields of a protobuf message."""

import mmap
from pathlib import Path

import pytest

from models.onnx_fields import MAX_FIELDS, OnnxField, TooManyFields, onnx_fields


def fields_of(path: Path, content: bytes) -> list[OnnxField]:
    path.write_bytes(content)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return list(onnx_fields(data, 0, len(data)))


def test_each_type_of_a_field(tmp_path: Path) -> None:
    content = b"\x08\xac\x02" + b"\x12\x02ab" + b"\x19" + bytes(8) + b"\x25" + bytes(4) + b"\x32\x00"
    assert fields_of(tmp_path / "f", content) == [(1, 300, 3, 3), (2, 0, 5, 7), (3, 0, 8, 16), (4, 0, 17, 21), (6, 0, 23, 23)]


@pytest.mark.parametrize("content", [b"\x12\x03ab", b"\x08\xff", b"\x0b", b"\x19\x00", b"\xff" * 20])
def test_what_is_no_protobuf(tmp_path: Path, content: bytes) -> None:
    with pytest.raises((IndexError, KeyError)):
        fields_of(tmp_path / "f", content)


def test_a_number_has_at_most_ten_bytes(tmp_path: Path) -> None:
    assert fields_of(tmp_path / "f", b"\x08" + b"\xff" * 9 + b"\x01") == [(1, 2**64 - 1, 11, 11)]
    with pytest.raises(IndexError):
        fields_of(tmp_path / "f", b"\x08" + b"\xff" * 10 + b"\x01")


def test_the_fields_are_bounded(tmp_path: Path) -> None:
    assert len(fields_of(tmp_path / "f", b"\x0a\x00" * MAX_FIELDS)) == MAX_FIELDS
    with pytest.raises(TooManyFields):
        fields_of(tmp_path / "f", b"\x0a\x00" * (MAX_FIELDS + 1))
