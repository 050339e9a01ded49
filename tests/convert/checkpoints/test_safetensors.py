import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.checkpoints import read_checkpoint
from convert.conversion_errors import CheckpointRefused

WRITTEN = (Path(__file__).parent / "written_by/torch.safetensors").read_bytes()

Read = Callable[[bytes], dict[str, np.ndarray]]


def entry(begin: int, end: int, shape: object = (3,), dtype: object = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def framed(header: str, data: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header.encode() + data


def file_of(header: object, data: bytes = bytes(12)) -> bytes:
    return framed(json.dumps(header), data)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    path = tmp_path_factory.mktemp("checkpoint") / "weights.bin"

    def write_and_read(data: bytes) -> dict[str, np.ndarray]:
        path.write_bytes(data)
        return read_checkpoint(path).tensors

    return write_and_read


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [("F16", "<f2"), ("F32", "<f4"), ("F64", "<f8"), ("I64", "<i8"), ("I32", "<i4"), ("U8", "|u1"), ("BOOL", "|b1")],
)
def test_types(read: Read, kind: str, dtype: str) -> None:
    values = np.array([[1, 0], [1, 1]], dtype)
    found = read(file_of({"__metadata__": {"format": "pt"}, "x": entry(0, values.nbytes, (2, 2), kind)}, values.tobytes()))["x"]
    assert (found.dtype.str, found.tolist()) == (dtype, values.tolist())


def test_bfloat16_becomes_float32(read: Read) -> None:
    found = read(file_of({"x": entry(0, 4, (2,), "BF16")}, struct.pack("<HH", 0x3F80, 0xC000)))["x"]
    assert (found.dtype.str, found.tolist()) == ("<f4", [1, -2])


def test_a_header_whose_length_looks_like_another_format(read: Read) -> None:
    for length in (0x280, 0x10A):  # a pickle's and MindSpore's first bytes
        header = json.dumps({"x": entry(0, 12)}).ljust(length)
        assert read(framed(header, bytes(12)))["x"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (struct.pack("<Q", 10**10) + b"{", "claims 10000000000 bytes"),
        (struct.pack("<Q", 2**64 - 1) + b"{}", "claims 18446744073709551615 bytes"),
        (struct.pack("<Q", 3) + b"{}", "claims 3 bytes"),
        (file_of({"x": entry(0, 12)}, bytes(11)), "truncated"),
        (file_of({"x": entry(0, 12)}, bytes(13)), "something follows"),
        (file_of({"x": entry(0, 12), "y": entry(8, 20)}, bytes(20)), "overlaps"),
        (file_of({"x": entry(0, 12), "y": entry(0, 12)}), "overlaps"),
        (file_of({"x": entry(0, 12), "y": entry(16, 28)}, bytes(28)), "hole"),
        (file_of({"x": entry(4, 16)}, bytes(16)), "a hole before 'x'"),
        (file_of({"x": entry(-12, 0)}), "do not fit"),
        (file_of({"x": entry(0, 10**10, (25 * 10**8,))}), "truncated"),
        (file_of({"x": entry(0, 12, (2**62, 4))}), "do not fit"),
        (file_of({"x": entry(0, 12, (4,))}), "do not fit"),
        (file_of({"x": entry(0, 12, (0,))}), "impossible shape"),
        (file_of({"x": entry(0, 12, (-3,))}), "impossible shape"),
        (file_of({"x": entry(0, 12, (True, 3))}), "impossible shape"),
        (file_of({"x": entry(0, 12, (1,) * 9)}), "impossible shape"),
        (file_of({"x": entry(0, 24, (3,), "C64")}), "type 'C64'"),
        (file_of({"x": entry(0, 3, (3,), "F8_E4M3")}), "type 'F8_E4M3'"),
        (file_of({"x": entry(0, 12, (3,), None)}), "not described"),
        (file_of({"x": {**entry(0, 12), "more": 1}}), "not described"),
        (file_of({"x": 3}), "not described"),
        (framed('{"x": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12.0]}}', bytes(12)), "12.0 is no size"),
        (framed('{"x": NaN}', b""), "NaN is no size"),
        (framed('{"x": 1, "x": 1}', b""), "a name comes twice"),
        (framed('{"x": ', b""), "not the JSON"),
        (framed('{"x": ' + "[" * 100_000, b""), "not the JSON"),
        (framed('{"x": 1' + "0" * 5000 + "}", b""), "not the JSON"),
        (file_of({}, b""), "state dict"),
        (file_of({f"x{n}": entry(n, n + 1, (1,), "U8") for n in range(4097)}, bytes(4097)), "4097 tensors"),
    ],
)
def test_what_is_refused(read: Read, data: bytes, message: str) -> None:
    with pytest.raises(CheckpointRefused, match=message):
        read(data)


@settings(max_examples=500)
@given(st.lists(st.tuples(st.integers(0, len(WRITTEN)), st.integers(0, 4), st.binary(max_size=4)), min_size=1, max_size=4))
def test_any_mutation_loads_or_is_refused(read: Read, edits: list[tuple[int, int, bytes]]) -> None:
    data = WRITTEN
    for start, length, new in edits:
        data = data[:start] + new + data[start + length :]
    try:
        found = read(data)
    except CheckpointRefused:
        return
    assert sum(array.nbytes for array in found.values()) <= len(data)


def test_every_truncation_is_refused(read: Read) -> None:
    for length in range(len(WRITTEN)):
        with pytest.raises(CheckpointRefused):
            read(WRITTEN[:length])
