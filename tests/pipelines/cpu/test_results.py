import threading
from concurrent.futures import Future, ThreadPoolExecutor
from time import sleep

import pytest

from pipelines.codes import Code
from pipelines.cpu.results import LATE_CAPACITY, QUEUE_CAPACITY, Delivery, ResultQueue, ResultTable, failure
from pipelines.cpu.structs import MxDataOutput

LONG_S = 60.0  # never waited for: a test that had to would time out
TIMED_OUT = MxDataOutput(6010, b"Time out, can not get result in time.")
NOTHING = MxDataOutput(1002, b' (Code = 1002, Message = "Internal error") ')


def result(number: int) -> MxDataOutput:
    return MxDataOutput(0, str(number).encode())


def delivery(number: int) -> Delivery:
    return Delivery(result(number))


def waiter_of(table: ResultTable, unique_id: int, pool: ThreadPoolExecutor) -> Future[MxDataOutput]:
    """A thread that waits for an id by now."""
    future = pool.submit(table.get, unique_id, LONG_S)
    while unique_id not in table._waiters and not future.done():
        sleep(0.001)
    return future


def test_a_failure() -> None:
    assert failure(Code.COMM_INNER) == NOTHING
    assert failure(Code.STREAM_TIMEOUT, b"late") == MxDataOutput(6010, b"late")


def test_the_queue_is_first_in_first_out() -> None:
    queue = ResultQueue()
    for number in range(3):
        queue.put(delivery(number))
    assert [queue.get(LONG_S) for _ in range(3)] == [delivery(0), delivery(1), delivery(2)]


def test_an_empty_queue_times_out() -> None:
    queue = ResultQueue()
    assert queue.get(0) is None
    assert queue.get(0.01) is None


def test_a_full_queue_holds_up_its_writer() -> None:
    queue = ResultQueue()
    for number in range(QUEUE_CAPACITY):
        queue.put(delivery(number))
    writer = threading.Thread(target=queue.put, args=(delivery(QUEUE_CAPACITY),))
    writer.start()
    assert writer.is_alive()
    assert [queue.get(LONG_S) for _ in range(QUEUE_CAPACITY + 1)] == [delivery(number) for number in range(QUEUE_CAPACITY + 1)]
    writer.join()


def test_closing_a_queue_frees_writer_and_reader() -> None:
    full, empty = ResultQueue(), ResultQueue()
    for number in range(QUEUE_CAPACITY):
        full.put(delivery(number))
    writer = threading.Thread(target=full.put, args=(delivery(0),))
    writer.start()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(empty.get, LONG_S)
        full.close()
        empty.close()
        assert waiting.result(30) is None
    writer.join(30)
    assert not writer.is_alive()


def test_ids_rise_from_zero() -> None:
    table = ResultTable()
    assert [table.new_id() for _ in range(3)] == [0, 1, 2]


def test_results_come_by_id_in_any_order_and_once() -> None:
    table = ResultTable()
    for number in (table.new_id(), table.new_id(), table.new_id()):
        table.put(number, result(number))
    assert [table.get(number, LONG_S) for number in (2, 0, 1)] == [result(2), result(0), result(1)]
    assert table.get(1, LONG_S) == TIMED_OUT


def test_a_result_wakes_its_waiter_only() -> None:
    table = ResultTable()
    ids = [table.new_id(), table.new_id()]
    with ThreadPoolExecutor(2) as pool:
        waiting = [waiter_of(table, number, pool) for number in ids]
        table.put(1, result(1))
        assert waiting[1].result(30) == result(1)
        assert not waiting[0].done()
        table.put(0, result(0))
        assert waiting[0].result(30) == result(0)


@pytest.mark.parametrize("unique_id", [7, 2**31])
def test_an_id_that_is_not_under_way_is_answered_at_once(unique_id: int) -> None:
    table = ResultTable()
    table.new_id()
    assert table.get(unique_id, LONG_S) == TIMED_OUT


def test_asking_too_early_does_not_poison_the_id() -> None:
    """The vendor drops the result of an id that was asked for before it was sent; here it does better."""
    table = ResultTable()
    assert table.get(0, LONG_S) == TIMED_OUT
    table.put(table.new_id(), result(0))
    assert table.get(0, LONG_S) == result(0)


def test_a_timeout_and_the_late_result() -> None:
    table = ResultTable()
    table.new_id()
    assert table.get(0, 0) == TIMED_OUT
    assert table.get(0, 0.01) == TIMED_OUT
    table.put(0, result(0))
    assert table.get(0, 0) == result(0)
    assert table.get(0, LONG_S) == TIMED_OUT


def test_late_results_that_nobody_fetches_do_not_pile_up() -> None:
    table = ResultTable()
    for number in range(LATE_CAPACITY + 10):
        assert table.get(table.new_id(), 1e-6) == TIMED_OUT
        table.put(number, result(number))
    assert len(table._results) == LATE_CAPACITY
    assert table.get(9, 0) == TIMED_OUT
    assert table.get(10, 0) == result(10)


def test_a_second_waiter_for_one_id_is_refused_at_once() -> None:
    table = ResultTable()
    table.new_id()
    with ThreadPoolExecutor(1) as pool:
        waiting = waiter_of(table, 0, pool)
        assert table.get(0, LONG_S) == TIMED_OUT
        table.put(0, result(0))
        assert waiting.result(30) == result(0)


def test_closing_a_table_wakes_every_waiter() -> None:
    table = ResultTable()
    ids = [table.new_id(), table.new_id()]
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(table.get, number, LONG_S) for number in ids]
        table.close()
        assert [future.result(30) for future in waiting] == [TIMED_OUT, TIMED_OUT]
