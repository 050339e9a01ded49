import ctypes
import mmap
import os
from pathlib import Path

import numpy as np
import pytest

from pipelines.cpu.process_memory import give_back_free, give_back_mapped, held_bytes, resident_bytes


def test_the_memory_of_this_process() -> None:
    before = resident_bytes()
    block = np.ones(64 * 1024 * 1024, np.uint8)
    assert 60e6 < resident_bytes() - before < 80e6
    assert block[-1]


def test_what_lies_between_is_given_back() -> None:
    blocks = [ctypes.create_string_buffer(100_000) for _ in range(500)]
    full = resident_bytes()
    del blocks[:-1]  # the last one keeps the heap from shrinking at its end
    assert give_back_free()
    assert full - resident_bytes() > 40e6
    assert len(blocks) == 1


def test_another_c_library_has_no_such_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())
    assert give_back_free() is False


def test_what_a_process_holds_is_read_from_outside() -> None:
    before = held_bytes(os.getpid())
    held = b"x" * 70_000_000
    assert 60e6 < held_bytes(os.getpid()) - before < 80e6
    assert held
    assert held_bytes(2**22 + 1) == 0  # above the highest number of a process


def test_a_mapped_file_leaves_memory_and_can_be_read_again(tmp_path: Path) -> None:
    (tmp_path / "model.blob").write_bytes(bytes(range(256)) * 200_000)
    os.sync()  # only what is on the disk can go
    with (tmp_path / "model.blob").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert sum(mapped[:: mmap.PAGESIZE]) == 0
        full = resident_bytes()
        assert give_back_mapped(tmp_path) == 1
        assert full - resident_bytes() > 40e6
        assert mapped[-256:] == bytes(range(256))
    assert give_back_mapped(tmp_path) == 0
