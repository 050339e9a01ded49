import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from convert.checkpoints.malformed import Malformed
from convert.checkpoints.weight_file import MAX_FILE_BYTES, open_source


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(bytes(range(16)))
    return tmp_path / "file"


def test_pieces(path: Path) -> None:
    with open_source(path) as file:
        assert (file.size_bytes, file.read(3, 2), file.read(16, 0)) == (16, b"\3\4", b"")
        array = file.array(1, np.dtype("<u2"), 3)
        assert array.tolist() == [0x0201, 0x0403, 0x0605]
        assert array.flags.aligned


@pytest.mark.parametrize(("start", "count"), [(0, 17), (16, 1), (17, 0), (-1, 1), (0, 10**10), (2**70, 1)])
def test_what_is_not_there(path: Path, start: int, count: int) -> None:
    with pytest.raises(Malformed, match="truncated"), open_source(path) as file:
        file.array(start, np.dtype(np.uint8), count)


def read_after(path: Path, change: Callable[[], object]) -> None:
    with open_source(path) as file:
        file.read(0, 8)
        change()
        file.read(0, 16)


def test_a_file_that_gets_shorter(path: Path) -> None:
    with pytest.raises(Malformed, match="shorter while it was read"):
        read_after(path, lambda: os.truncate(path, 4))


def test_a_file_that_is_written_to(path: Path) -> None:
    with pytest.raises(Malformed, match="changed while"):
        read_after(path, lambda: path.write_bytes(bytes(17)))


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo", Path("/dev/zero")):
        with pytest.raises(Malformed, match="not a file"), open_source(path):
            pass
    with pytest.raises(FileNotFoundError), open_source(tmp_path / "missing"):
        pass


def test_a_file_too_large(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(Malformed, match=f"{MAX_FILE_BYTES + 1} bytes are more"), open_source(tmp_path / "sparse"):
        pass
