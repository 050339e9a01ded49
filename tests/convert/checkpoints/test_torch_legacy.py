import os
import pickle
import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.checkpoints import read_checkpoint
from convert.conversion_errors import CheckpointRefused
from tests.part_or_all import part_or_all

HEADER = b"".join(pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}))
ORDERED_DICT = b"ccollections\nOrderedDict\n)R"
ELEMENTS = np.arange(6, dtype="<f4")

Counts = tuple[int, ...]
Read = Callable[[bytes], dict[str, np.ndarray]]


def bare(value: object) -> bytes:
    """The opcodes of a value, without the frame of a pickle."""
    return pickle.dumps(value, 2)[2:-1]


def tensor(size: Counts, stride: Counts, offset: int = 0, *, kind: str = "Float", key: str = "k", elements: int = 6) -> bytes:
    storage = b"(" + bare("storage") + b"ctorch\n%sStorage\n" % kind.encode() + bare(key) + bare("cpu") + bare(elements) + b"NtQ"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + bare(offset) + bare(size) + bare(stride) + b"\x89" + ORDERED_DICT + b"tR"


def checkpoint(tensors: dict[str, bytes], storages: dict[str, np.ndarray] | None = None, header: bytes = HEADER) -> bytes:
    storages = {"k": ELEMENTS} if storages is None else storages
    items = b"".join(bare(name) + value for name, value in tensors.items())
    state = b"\x80\x02" + ORDERED_DICT + b"(" + items + b"u}" + bare("_metadata") + b"Nsb."
    data = b"".join(struct.pack("<q", array.size) + array.tobytes() for array in storages.values())
    return header + state + pickle.dumps(list(storages), 2) + data


VALID = checkpoint(
    {"plain": tensor((2, 3), (3, 1)), "count": tensor((), (), kind="Long", key="n", elements=1)},
    {"k": ELEMENTS, "n": np.array([7], "<i8")},
)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    path = tmp_path_factory.mktemp("checkpoint") / "weights.pth"

    def write_and_read(data: bytes) -> dict[str, np.ndarray]:
        path.write_bytes(data)
        return read_checkpoint(path).tensors

    return write_and_read


def test_a_valid_file(read: Read) -> None:
    state = read(VALID)
    assert list(state) == ["plain", "count"]
    assert state["plain"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert state["plain"].dtype == np.float32
    assert state["count"].dtype == np.int64
    assert state["count"] == 7


@pytest.mark.parametrize(
    ("size", "stride", "offset", "expected"),
    [
        ((3, 2), (1, 3), 0, [[0, 3], [1, 4], [2, 5]]),
        ((2,), (1,), 4, [4, 5]),
        ((2, 1), (2, 600), 1, [[1], [3]]),
        ((2, 2), (0, 1), 0, [[0, 1], [0, 1]]),
        ((), (), 5, 5),
    ],
)
def test_strides_and_offsets(read: Read, size: Counts, stride: Counts, offset: int, expected: object) -> None:
    found = read(checkpoint({"x": tensor(size, stride, offset)}))["x"]
    assert found.tolist() == expected
    assert found.flags.c_contiguous
    assert found.flags.aligned


@pytest.mark.parametrize(("kind", "dtype"), [("Half", "<f2"), ("Float", "<f4"), ("Double", "<f8"), ("Long", "<i8")])
def test_storage_types(read: Read, kind: str, dtype: str) -> None:
    found = read(checkpoint({"x": tensor((6,), (1,), kind=kind)}, {"k": ELEMENTS.astype(dtype)}))["x"]
    assert found.dtype == np.dtype(dtype)
    assert found.tolist() == [0, 1, 2, 3, 4, 5]


def test_tensors_may_share_a_storage(read: Read) -> None:
    state = read(checkpoint({"a": tensor((3,), (1,)), "b": tensor((3,), (1,), 3)}))
    assert (state["a"].tolist(), state["b"].tolist()) == ([0, 1, 2], [3, 4, 5])


def test_a_file_of_torch_itself(efficientnet_weights: dict[str, np.ndarray]) -> None:
    assert len(efficientnet_weights) == 296
    assert efficientnet_weights["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert efficientnet_weights["_bn0.running_var"][0] == pytest.approx(1.6314286)
    assert efficientnet_weights["_bn0.num_batches_tracked"] == 0


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch evil",)


def test_a_command_is_refused_by_name(read: Read) -> None:
    with pytest.raises(CheckpointRefused, match=r"weights.pth: byte \d+: it asks for 'posix.system'"):
        read(HEADER + pickle.dumps({"x": Evil()}, 2))
    with pytest.raises(CheckpointRefused, match=r"'os.system'"):
        read(checkpoint({"x": b"cos\nsystem\n"}))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "known format"),
        (b"\x89PNG\r\n", "known format"),
        (pickle.dumps(1, 2) + VALID, "pickle, but not"),
        (HEADER.replace(b"M\xe9\x03", b"M\xea\x03") + VALID[len(HEADER) :], "not 1001 but 1002"),
        (VALID.replace(b"\x88", b"\x89", 1), "big-endian"),
        (VALID + b"\0", "1 bytes follow"),
        (VALID[:-1], "truncated"),
        (checkpoint({"x": tensor((7,), (1,))}), "reaches element 6 .* has 6"),
        (checkpoint({"x": tensor((7,), (1,), elements=7)}), "has 6 elements, 7 were announced"),
        (checkpoint({"x": tensor((10**9,), (1,), elements=10**9)}), "claim 4000000000 bytes"),
        (checkpoint({"x": tensor((10**9,), (0,))}), "claim 4000000000 bytes"),
        (checkpoint({f"x{n}": tensor((6,), (1,)) for n in range(4097)}), "4097 tensors, more than 4096"),
        (checkpoint({"x": tensor((6,), (1,)), "y": tensor((6,), (1,), kind="Long")}), "two different storages"),
        (checkpoint({"x": tensor((6,), (1,))}, {}), "does not fit"),
        (checkpoint({"x": tensor((6,), (1,))}, {"other": ELEMENTS}), "names one that no tensor uses"),
        (checkpoint({"epoch": bare(3)}), "does not hold a state dict"),
        (checkpoint({"x": tensor((6,), (1,), kind="ComplexFloat")}), r"torch\.ComplexFloatStorage"),
        (checkpoint({"x": tensor((6,), (1,), kind="QInt8")}), r"torch\.QInt8Storage"),
        (HEADER + pickle.dumps([1], 2) + pickle.dumps([], 2), "state dict"),
    ],
)
def test_what_is_refused(read: Read, data: bytes, message: str) -> None:
    with pytest.raises(CheckpointRefused, match=message):
        read(data)


@part_or_all(7)
def test_truncations_are_refused(read: Read, step: int) -> None:
    for length in range(0, len(VALID), step):
        with pytest.raises(CheckpointRefused):
            read(VALID[:length])


def check_loads_or_is_refused(read: Read, data: bytes) -> None:
    try:
        state = read(data)
    except CheckpointRefused:
        return
    assert all(isinstance(array, np.ndarray) for array in state.values())


edits = st.lists(st.tuples(st.integers(0, len(VALID)), st.integers(0, 4), st.binary(max_size=4)), min_size=1, max_size=4)


@settings(max_examples=150)
@given(edits)
def test_any_mutation_loads_or_is_refused(read: Read, edits: list[tuple[int, int, bytes]]) -> None:
    data = VALID
    for start, length, new in edits:
        data = data[:start] + new + data[start + length :]
    check_loads_or_is_refused(read, data)


@settings(max_examples=150)
@given(place=st.integers(0, len(VALID) - 1), value=st.integers(0, 255))
def test_any_wrong_byte_loads_or_is_refused(read: Read, place: int, value: int) -> None:
    check_loads_or_is_refused(read, VALID[:place] + bytes([value]) + VALID[place + 1 :])
