import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.checkpoints import read_checkpoint
from convert.checkpoints.weight_file import WeightFile
from convert.conversion_errors import CheckpointRefused
from tests.part_or_all import part_or_all

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
        (file_of({"x": entry(0, 12)}, bytes(11)), "cut off: .*not fully covered"),
        (file_of({"x": entry(0, 12)}, bytes(13)), "not fully covered"),
        (file_of({"x": entry(0, 12), "y": entry(8, 20)}, bytes(20)), "invalid offset for tensor `y`"),
        (file_of({"x": entry(0, 12), "y": entry(0, 12)}), "invalid offset for tensor `[xy]`"),
        (file_of({"x": entry(0, 12), "y": entry(16, 28)}, bytes(28)), "invalid offset for tensor `y`"),
        (file_of({"x": entry(4, 16)}, bytes(16)), "invalid offset for tensor `x`"),
        (file_of({"x": entry(-12, 0)}), "integer `-12`"),
        (file_of({"x": entry(12, 0)}), "invalid offset"),
        (file_of({"x": entry(0, 10**10, (25 * 10**8,))}), "not fully covered"),
        (file_of({"x": entry(0, 12, (2**62, 4))}), "overflow"),
        (file_of({"x": entry(0, 12, (4,))}), "invalid shape"),
        (file_of({"x": entry(0, 12, (0,))}), "invalid shape"),
        (file_of({"x": entry(0, 0, (0,))}, b""), "impossible shape"),
        (file_of({"x": entry(0, 12, (-3,))}), "integer `-3`"),
        (file_of({"x": entry(0, 12, (True, 3))}), "boolean `true`"),
        (file_of({"x": entry(0, 12, (*(1,) * 8, 3))}), "impossible shape"),
        (file_of({"x": entry(0, 12, (*(1,) * 100_000, 3))}), "impossible shape"),
        (file_of({"x": entry(0, 24, (3,), "C64")}, bytes(24)), "type 'C64'"),
        (file_of({"x": entry(0, 3, (3,), "F8_E4M3")}, bytes(3)), "type 'F8_E4M3'"),
        (file_of({"x": entry(0, 2, (4,), "F4")}, bytes(2)), "type 'F4'"),
        (file_of({"x": entry(0, 12, (3,), "F99")}), "F99"),
        (file_of({"x": entry(0, 12, (3,), None)}), "null"),
        (file_of({"x": 3}), "integer `3`"),
        (framed('{"x": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12.0]}}', bytes(12)), "floating point `12.0`"),
        (framed('{"x": NaN}', b""), "invalid JSON"),
        (framed(f'{{"x": {json.dumps(entry(0, 12))}, "x": {json.dumps(entry(0, 12, (12,), "U8"))}}}', bytes(12)), "a name comes twice"),
        (framed('{"x": {"dtype": "F64", "dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}', bytes(12)), "duplicate field"),
        (file_of({"__metadata__": {"format": 1}, "x": entry(0, 12)}), "expected a string"),
        (framed(f'{{"\\ud800": {json.dumps(entry(0, 12))}}}', bytes(12)), "invalid JSON"),
        (framed('{"x": ', b""), "invalid JSON"),
        (framed('{"x": ' + "[" * 100_000, b""), "invalid JSON"),
        (framed('{"x": 1' + "0" * 5000 + "}", b""), "invalid JSON"),
        (file_of({}, b""), "state dict"),
        (file_of({f"x{n}": entry(n, n + 1, (1,), "U8") for n in range(4097)}, bytes(4097)), "4097 tensors"),
    ],
)
def test_what_is_refused(read: Read, data: bytes, message: str) -> None:
    with pytest.raises(CheckpointRefused, match=message):
        read(data)


def test_what_else_is_told_of_a_tensor_is_passed_over(read: Read) -> None:
    assert read(file_of({"x": {**entry(0, 12), "more": [1]}}))["x"].tolist() == [0, 0, 0]


def test_a_file_that_is_cut_off_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mapped into memory, it would kill the process."""
    path, read = tmp_path / "weights.bin", WeightFile.read
    path.write_bytes(WRITTEN)

    def read_and_cut(file: WeightFile, start: int, count: int) -> bytes:
        found = read(file, start, count)
        if start == 8:  # the header, once the library has the file open
            os.truncate(path, 0)
        return found

    monkeypatch.setattr(WeightFile, "read", read_and_cut)
    with pytest.raises(CheckpointRefused, match="cut off: Could not read tensor"):
        read_checkpoint(path)


def test_a_file_that_is_replaced_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file whose header was bounded is read to its end, not the one that took its name."""
    path, array = tmp_path / "weights.bin", WeightFile.array
    path.write_bytes(WRITTEN)
    (tmp_path / "other").write_bytes(file_of({"y": entry(0, 12)}))

    def read_and_replace(file: WeightFile, start: int, dtype: np.dtype, count: int) -> np.ndarray:
        found = array(file, start, dtype, count)
        if dtype.itemsize == 8 and (tmp_path / "other").exists():  # the header's length
            (tmp_path / "other").replace(path)
        return found

    monkeypatch.setattr(WeightFile, "array", read_and_replace)
    assert "0.weight" in read_checkpoint(path).tensors


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
    assert sum(array.nbytes for array in found.values()) <= len(data)


@part_or_all(7)
def test_truncations_are_refused(read: Read, step: int) -> None:
    for length in range(0, len(WRITTEN), step):
        with pytest.raises(CheckpointRefused):
            read(WRITTEN[:length])
