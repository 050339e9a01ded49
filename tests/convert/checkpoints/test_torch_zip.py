import io
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.checkpoints import read_checkpoint
from convert.conversion_errors import CheckpointRefused
from tests.convert.checkpoints.zip_made import archive
from tests.part_or_all import part_or_all

ELEMENTS = np.arange(6, dtype="<f4").tobytes()
WRITTEN = (Path(__file__).parent / "written_by/torch_zip.pth").read_bytes()

Read = Callable[[bytes], dict[str, np.ndarray]]


def bare(value: object) -> bytes:
    """The opcodes of a value, without the frame of a pickle."""
    return pickle.dumps(value, 2)[2:-1]


def tensor(shape: tuple[int, ...], kind: str = "Float", key: str = "0", elements: int = 6) -> bytes:
    storage = b"(" + bare("storage") + b"ctorch\n%sStorage\n" % kind.encode() + bare(key) + bare("cuda:1") + bare(elements) + b"tQ"
    strides = tuple(np.cumprod((1, *shape[:0:-1]))[::-1].tolist())
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0" + bare(shape) + bare(strides) + b"\x89}tR"


def checkpoint(tensors: dict[str, bytes], **entries: bytes) -> bytes:
    state = b"\x80\x02}(" + b"".join(bare(name) + value for name, value in tensors.items()) + b"u."
    named = {f"w/{name.replace('__', '/')}": data for name, data in {"data__0": ELEMENTS, **entries}.items()}
    return archive({"w/data.pkl": state, **named})


VALID = checkpoint({"x": tensor((2, 3))}, byteorder=b"little", version=b"3\n")
ELEMENTS_ENTRY = VALID.rindex(b"PK\x01\x02", 0, VALID.rindex(b"w/data/0"))


def patched(place: int, form: str, value: int) -> bytes:
    data = bytearray(VALID)
    struct.pack_into(form, data, place, value)
    return bytes(data)


def twice(name: str) -> bytes:
    with pytest.warns(UserWarning, match="Duplicate name"):
        return archive([("w/data.pkl", b""), (name, b"1"), (name, b"2")])


def commented(data: bytes) -> bytes:
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a") as file:
        file.comment = b"c"
    return buffer.getvalue()


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    path = tmp_path_factory.mktemp("checkpoint") / "weights.ckpt"

    def write_and_read(data: bytes) -> dict[str, np.ndarray]:
        path.write_bytes(data)
        return read_checkpoint(path).tensors

    return write_and_read


def test_a_valid_file(read: Read) -> None:
    found = read(VALID)
    assert {name: array.tolist() for name, array in found.items()} == {"x": [[0, 1, 2], [3, 4, 5]]}
    assert found["x"].dtype == np.float32


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch evil",)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (archive({"w/data.pkl": pickle.dumps({"x": Evil()}, 2)}), r"'w/data.pkl', byte \d+: it asks for 'posix.system'"),
        (checkpoint({"x": b"cos\nsystem\n"}), "'os.system'"),
        (checkpoint({"x": b"ctorchvision.models.resnet\nResNet\n"}), "'torchvision.models.resnet.ResNet'"),
        (checkpoint({"x": tensor((6,), "ComplexFloat")}), r"torch\.ComplexFloatStorage"),
        (checkpoint({"x": tensor((6,), "QInt8")}), r"torch\.QInt8Storage"),
        (checkpoint({"x": tensor((6,), "Double")}), "has 24 bytes, 48 were announced"),
        (checkpoint({"x": tensor((5 * 10**9 // 2,), elements=5 * 10**9 // 2)}), "claim 10000000000 bytes"),
        (checkpoint({"x": tensor((6,), key="1")}), "'w/data/1' is missing"),
        (checkpoint({"x": tensor((6,), key="../0")}), "'w/data/../0' is missing"),
        (checkpoint({"x": tensor((6,))}, byteorder=b"big"), "big-endian"),
        (checkpoint({"x": tensor((6,))}, **{"constants.pkl": b""}), "TorchScript"),
        (archive({"data.pkl": b""}), "no data.pkl"),
        (archive({"a/data.pkl": b"", "b/data.pkl": b""}), "or several"),
        (archive({"a/data.pkl": pickle.dumps({}, 2) + b"x"}), "1 bytes follow"),
        (archive({"a/data.pkl": pickle.dumps({}, 4)}), "protocol 4"),
        (archive({"a/data.pkl": bytes(65 << 20)}), "more than 67108864"),
        (archive({"w/data.pkl": b"", "w/data/0": bytes(10**7)}, zipfile.ZIP_DEFLATED), "compressed"),
        (patched(ELEMENTS_ENTRY + 8, "<H", 1), "'w/data/0' is compressed or encrypted"),
        (patched(ELEMENTS_ENTRY + 8, "<H", 0x2000), "'w/data/0' is compressed or encrypted"),
        (patched(ELEMENTS_ENTRY + 10, "<H", 8), "'w/data/0' is compressed or encrypted"),
        (patched(ELEMENTS_ENTRY + 6, "<H", 99), "zip file version 9.9"),
        (patched(ELEMENTS_ENTRY + 8, "<H", 0x20), "compressed patched data"),
        (patched(ELEMENTS_ENTRY + 24, "<I", 10**9), "'w/data/0' has 24 bytes in the zip and claims 1000000000"),
        (patched(ELEMENTS_ENTRY + 16, "<I", 7), "Bad CRC-32 for file 'w/data/0'"),
        (VALID.replace(ELEMENTS, ELEMENTS[::-1]), "Bad CRC-32 for file 'w/data/0'"),
        (patched(ELEMENTS_ENTRY + 42, "<I", 2), "overlaps"),
        (VALID.replace(b"w/data/0", b"w/data/1", 1), "'w/data/0' and header b'w/data/1' differ"),
        (twice("w/data/0"), "one name"),
        (commented(VALID), "comment"),
        (VALID + b"\0", "something follows"),
        (VALID[: len(VALID) // 2], "truncated"),
        (VALID[:-1], "truncated"),
    ],
)
def test_what_is_refused(read: Read, data: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointRefused, match=message):
        read(data)
    assert not list(tmp_path.iterdir())


def test_too_many_entries_are_refused(read: Read) -> None:
    with pytest.raises(CheckpointRefused, match="40000 entries, more than 32768"):
        read(archive({f"{n}": b"" for n in range(40_000)}))


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, len(WRITTEN)), st.integers(0, 4), st.binary(max_size=4)), min_size=1, max_size=4))
def test_any_mutation_loads_or_is_refused(read: Read, edits: list[tuple[int, int, bytes]]) -> None:
    data = WRITTEN
    for start, length, new in edits:
        data = data[:start] + new + data[start + length :]
    check_loads_or_is_refused(read, data)


@settings(max_examples=150)
@given(place=st.integers(0, len(WRITTEN) - 1), value=st.integers(0, 255))
def test_any_wrong_byte_loads_or_is_refused(read: Read, place: int, value: int) -> None:
    check_loads_or_is_refused(read, WRITTEN[:place] + bytes([value]) + WRITTEN[place + 1 :])


@part_or_all(7)
def test_truncations_are_refused(read: Read, step: int) -> None:
    for length in range(0, len(WRITTEN), step):
        with pytest.raises(CheckpointRefused):
            read(WRITTEN[:length])


def check_loads_or_is_refused(read: Read, data: bytes) -> None:
    try:
        found = read(data)
    except CheckpointRefused:
        return
    assert sum(array.nbytes for array in found.values()) <= len(data)
