from functools import partial

import pytest

from server.evaluation.dataset import allowance
from server.evaluation.dataset.allowance import FILE_BYTES, FOLDER_BYTES, MAX_RATIO, SPARE_BYTES, Allowance
from server.evaluation.evaluation_errors import ArchiveTooLarge

PACKED = 1000
GROWTH = PACKED * MAX_RATIO + SPARE_BYTES


def test_what_was_sent_bounds_what_comes_out() -> None:
    allowed = Allowance(PACKED, 1 << 40)
    allowed.grow(GROWTH)
    with pytest.raises(ArchiveTooLarge, match=f"more than {GROWTH} bytes"):
        allowed.grow(1)


@pytest.mark.parametrize(("count", "bytes_each"), [("file", FILE_BYTES), ("folder", FOLDER_BYTES)])
def test_empty_files_and_folders_cost_bytes_too(count: str, bytes_each: int) -> None:
    allowed = Allowance(PACKED, 1 << 40)
    make = partial(allowed.file, 0) if count == "file" else allowed.folder
    for _ in range(GROWTH // bytes_each):
        make()
    with pytest.raises(ArchiveTooLarge, match="100 times what was sent"):
        make()


def test_a_size_is_refused_before_its_bytes_come() -> None:
    allowed = Allowance(PACKED, 10_000)
    allowed.file(6000)
    allowed.write(6000)
    with pytest.raises(ArchiveTooLarge, match="more than 10000 bytes"):
        allowed.file(4001)
    with pytest.raises(ArchiveTooLarge, match="100 times"):
        Allowance(PACKED, 1 << 40).file(GROWTH)


def test_a_file_may_be_larger_than_it_said() -> None:
    allowed = Allowance(PACKED, 100)
    allowed.file(1)
    with pytest.raises(ArchiveTooLarge, match="more than 100 bytes"):
        allowed.write(101)


def test_files_and_folders_have_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "MAX_FILES", 2)
    monkeypatch.setattr(allowance, "MAX_FOLDERS", 2)
    allowed = Allowance(1 << 30, 1 << 40)
    for _ in range(2):
        allowed.file(0)
        allowed.folder()
    with pytest.raises(ArchiveTooLarge, match="more than 2 files"):
        allowed.file(0)
    with pytest.raises(ArchiveTooLarge, match="more than 2 folders"):
        allowed.folder()


def test_other_threads_get_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    clock_s, pauses_s = iter(number * 0.0004 for number in range(1000)), list[float]()
    monkeypatch.setattr(allowance, "perf_counter", lambda: next(clock_s))
    monkeypatch.setattr(allowance, "sleep", pauses_s.append)
    allowed = Allowance(PACKED, 1 << 40)
    for _ in range(100):
        allowed.grow(1)
    assert pauses_s == [allowance.PAUSE_S] * 33  # each third look at the clock finds more than a millisecond
