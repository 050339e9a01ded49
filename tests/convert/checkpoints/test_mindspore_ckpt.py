import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.checkpoints import Checkpoint, read_checkpoint
from convert.conversion_errors import CheckpointRefused

WRITTEN = (Path(__file__).parent / "written_by/mindspore_training.ckpt").read_bytes()
FLOATS = np.arange(6, dtype="<f4")

Read = Callable[[bytes], Checkpoint]


def varint(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + varint(value >> 7)


def part(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(dims: tuple[int, ...], content: bytes, kind: str = "Float32") -> bytes:
    return b"".join(b"\x08" + varint(count) for count in dims) + part(2, kind.encode()) + part(3, content)


def value(tag: str, inner: bytes) -> bytes:
    return part(1, part(1, tag.encode()) + part(2, inner))


VALID = value("fc.weight", tensor((2, 3), FLOATS.tobytes())) + value("step", tensor((0,), struct.pack("<q", 7), "Int64"))


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    path = tmp_path_factory.mktemp("checkpoint") / "weights.pth"

    def write_and_read(data: bytes) -> Checkpoint:
        path.write_bytes(data)
        return read_checkpoint(path)

    return write_and_read


def test_a_valid_file(read: Read) -> None:
    found = read(VALID)
    assert {name: array.tolist() for name, array in found.tensors.items()} == {"fc.weight": [[0, 1, 2], [3, 4, 5]]}
    assert found.left_out == ("step",)


def test_slices_packed_dimensions_and_scalars(read: Read) -> None:
    data = FLOATS.tobytes()
    slices = b"".join(value("fc.weight", tensor((3, 2), piece)) for piece in (data[:7], data[7:20], data[20:]))
    packed = value("fc.bias", part(1, b"\2\3") + part(2, b"Float32") + part(3, data))
    found = read(slices + packed + value("fc.scale", tensor((0,), data[4:8]))).tensors
    assert found["fc.weight"].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert found["fc.bias"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["fc.scale"] == 1


def test_bfloat16_becomes_float32(read: Read) -> None:
    found = read(value("a.w", tensor((2,), struct.pack("<HH", 0x3F80, 0xC000), "BFloat16"))).tensors["a.w"]
    assert (found.dtype.str, found.tolist()) == ("<f4", [1, -2])


@pytest.mark.parametrize("crc", [zlib.crc32(VALID), 7])
def test_the_checksum(read: Read, crc: int) -> None:
    data = VALID + b"crc_num" + crc.to_bytes(10, "big")
    if crc == 7:
        with pytest.raises(CheckpointRefused, match="checksum is wrong"):
            read(data)
    else:
        assert list(read(data).tensors) == ["fc.weight"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (VALID[:-1], "truncated"),
        (b"\x0a" + varint(10**10) + VALID, "a field of 10000000000 bytes"),
        (value("a.w", tensor((25 * 10**8,), bytes(8))), "has 8 bytes, which do not fit"),
        (value("a.w", tensor((2**62, 4), b"")), "do not fit"),
        (value("a.w", tensor((2**64 - 1,), bytes(4))), "do not fit"),
        (value("a.w", tensor((1,), bytes(4)) + part(2, b"Float32") * 9), "more than 10 fields"),
        (value("a.w", part(1, b"\1" * 9) + tensor((), bytes(4))), "more than 8 dimensions"),
        (value("a.w", tensor((1,), bytes(8), "Complex64")), "type 'Complex64'"),
        (value("a.w", tensor((1,), b"x", "str")), "type 'str'"),
        (value("a.w", part(2, b"Float32")), "no content"),
        (value("a.w", tensor((1,), bytes(4)) + b"\x20\x01"), "not described"),
        (value("a.w", tensor((1,), bytes(4))) + value("a.w", tensor((2,), bytes(4))), "comes twice"),
        (value("a.w", tensor((1,), bytes(4))) * 2, "has 8 bytes"),
        (value("a" * 2000, tensor((1,), bytes(4))), "a name has 2000 bytes"),
        (part(1, part(1, b"a.w") + part(3, b"")), "hash table"),
        (part(1, part(1, b"a.w")), "no tensor"),
        (part(1, part(1, b"\xff") + part(2, b"")), "utf-8"),
        (VALID + b"\x10\x01", "field 2"),
        (value("step", tensor((1,), bytes(4))), "no parameter of a network"),
        (b"".join(value(f"a.{n}", tensor((1,), b"x", "UInt8")) for n in range(4097)), "4097 tensors"),
        (value("n", tensor((1,), b"x", "UInt8")) * 16385, "more than 16384 fields"),
    ],
)
def test_what_is_refused(read: Read, data: bytes, message: str) -> None:
    with pytest.raises(CheckpointRefused, match=message):
        read(data)


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, len(WRITTEN)), st.integers(0, 4), st.binary(max_size=4)), min_size=1, max_size=4))
def test_any_mutation_loads_or_is_refused(read: Read, edits: list[tuple[int, int, bytes]]) -> None:
    data = WRITTEN
    for start, length, new in edits:
        data = data[:start] + new + data[start + length :]
    try:
        found = read(data)
    except CheckpointRefused:
        return
    assert sum(array.nbytes for array in found.tensors.values()) <= 2 * len(data)
