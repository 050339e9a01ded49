"""Where the vendor's engine hurts: observed in ascend.md's recordings, reproduced on request."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest

from pipelines.cpu import CpuOptions, CpuStreamManager
from pipelines.cpu.strict import UNCLAIMED, LoneSender, StrictResultTable, VendorAbort
from pipelines.cpu.structs import MxDataOutput
from tests.level_model import level_png, store_level_model
from tests.pipelines.cpu.pipelines_made import TIMEOUT_MS, ask, best, classifying, create, input_of

TIMED_OUT = MxDataOutput(6010, b"Time out, can not get result in time.")


def result(number: int) -> MxDataOutput:
    return MxDataOutput(0, str(number).encode())


def table_with(ids: int) -> StrictResultTable:
    table = StrictResultTable()
    for _ in range(ids):
        table.new_id()
    return table


def test_an_id_asked_for_too_early_is_poisoned() -> None:
    table = StrictResultTable()
    assert table.get(0, 0.01) == TIMED_OUT
    table.put(table.new_id(), result(0))
    assert table.get(0, 0.01) == TIMED_OUT


def test_ten_unclaimed_results_stall_until_one_is_claimed() -> None:
    table = table_with(UNCLAIMED + 1)
    for number in range(UNCLAIMED):
        table.put(number, result(number))
    blocked = threading.Thread(target=table.put, args=(UNCLAIMED, result(UNCLAIMED)))
    blocked.start()
    sleep(0.02)
    assert blocked.is_alive()
    assert table.get(3, 0) == result(3)
    blocked.join(10)
    assert table.get(UNCLAIMED, 0) == result(UNCLAIMED)


def test_a_result_that_waits_for_room_is_orphaned_by_its_callers_timeout() -> None:
    table = table_with(UNCLAIMED + 1)
    for number in range(UNCLAIMED):
        table.put(number, result(number))
    blocked = threading.Thread(target=table.put, args=(UNCLAIMED, result(UNCLAIMED)))
    blocked.start()
    sleep(0.02)
    assert table.get(UNCLAIMED, 0.01) == TIMED_OUT
    assert table.get(0, 0) == result(0)
    blocked.join(10)
    assert table.get(UNCLAIMED, 0) == result(UNCLAIMED)  # asking once more frees its place


def test_stopping_under_a_waiter_is_an_abort() -> None:
    table = table_with(1)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(table.get, 0, 60.0)
        while not table._waiting:
            sleep(0.001)
        with pytest.raises(VendorAbort, match="aborts the process"):
            table.check_idle()
        table.put(0, result(0))
        assert waiting.result(10) == result(0)
    table.check_idle()


def test_two_sends_at_once_are_an_abort() -> None:
    sender = LoneSender()
    with sender.sending(), pytest.raises(VendorAbort, match="the same id"), sender.sending():
        pass
    with sender.sending():
        pass


def test_a_fetched_id_answers_at_once_and_nothing_is_kept() -> None:
    table = table_with(1)
    table.put(0, result(0))
    assert table.get(0, 60) == result(0)
    assert table.get(0, 60) == TIMED_OUT
    assert not any((table._waiters, table._dropped, table._pending, table._results))


def test_a_late_result_is_dropped_and_its_id_with_it() -> None:
    table = table_with(1)
    assert table.get(0, 0.01) == TIMED_OUT
    assert table._dropped == {0}
    table.put(0, result(0))
    assert not any((table._waiters, table._dropped, table._pending, table._results))


@pytest.mark.parametrize("race", [False, True])
def test_two_threads_may_send_at_once_unless_their_race_is_wanted(tmp_path: Path, race: bool) -> None:
    manager = CpuStreamManager(CpuOptions(strict=True, race=race))
    manager.InitManager()
    create(manager, s=classifying(store_level_model(tmp_path)))
    assert (manager._streams[b"s"]._sender is not None) is race
    if not race:
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(ask, manager, b"s", level_png(4 * number)) for number in range(16)]
            assert [best(output.result(60)) for output in asked] == list(range(16))
    assert manager.DestroyAllStreams() == 0


def test_a_strict_stream_takes_thirteen_and_then_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nobody claiming: ten results, one that waits for room, two in the source. A refused send takes no id."""
    monkeypatch.setattr("pipelines.cpu.stream.SEND_WAIT_S", 0.5)
    manager = CpuStreamManager(CpuOptions(strict=True))
    manager.InitManager()
    create(manager, s=classifying(store_level_model(tmp_path)))
    ids = [manager.SendDataWithUniqueId(b"s", 0, input_of(level_png(8))) for _ in range(16)]
    assert ids == [*range(13), -1, -1, -1]
    assert {manager.GetResultWithUniqueId(b"s", unique_id, TIMEOUT_MS).errorCode for unique_id in range(13)} == {0}
    assert [manager.SendDataWithUniqueId(b"s", 0, input_of(level_png(8))) for _ in range(2)] == [13, 14]
    assert manager.DestroyAllStreams() == 0


@pytest.mark.parametrize(("home", "codes"), [("/nowhere", [1013, 0]), (None, [0, 0])])
def test_the_first_start_wants_a_home(monkeypatch: pytest.MonkeyPatch, home: str | None, codes: list[int]) -> None:
    monkeypatch.setattr(CpuStreamManager, "_began", False)
    monkeypatch.delenv("HOME", raising=False)
    if home:
        monkeypatch.setenv("HOME", home)
    manager = CpuStreamManager(CpuOptions(strict=True))
    assert [manager.InitManager() for _ in codes] == codes
