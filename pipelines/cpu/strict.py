"""The vendor engine's dangerous behaviour, for tests of a driver."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipelines.codes import Code
from pipelines.cpu.results import TIMEOUT_TEXT, ResultTable, failure
from pipelines.cpu.structs import MxDataOutput

UNCLAIMED = 10  # the stream blocks when this many results are unclaimed


class VendorAbort(RuntimeError):
    """The vendor's engine would crash, hang or mix up results here, because of a mistake of the caller."""


class StrictResultTable(ResultTable):
    """The vendor's table of results by unique id.

    Ten unclaimed results block the stream. A fetch of an id that has no result yet poisons the id: its result will be dropped.
    If a result waits for room and its caller gives up, the table still stores the result and keeps its place until it is claimed.
    `on_stall` is called when a result begins to wait for room.
    """

    def __init__(self, on_stall: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._on_stall = on_stall
        self._room = threading.Condition(self._lock)
        self._dropped: set[int] = set()
        self._waiting = 0

    def new_id(self) -> int:
        """The next unique id, with the signal for its caller."""
        unique_id = super().new_id()
        self._waiters[unique_id] = threading.Condition(self._lock)
        return unique_id

    def put(self, unique_id: int, result: MxDataOutput) -> None:
        """Drop the result of a poisoned id; store any other result when there is room."""
        with self._lock:
            self._pending.discard(unique_id)
            if unique_id in self._dropped:
                self._dropped.discard(unique_id)
                return
            if len(self._results) >= UNCLAIMED and not self._closed:
                self._on_stall()
                self._room.wait()
            self._results[unique_id] = result
            if waiter := self._waiters.get(unique_id):
                waiter.notify_all()

    def get(self, unique_id: int, timeout_s: float) -> MxDataOutput:
        """The result of an id; or 6010, and then the id is poisoned."""
        with self._lock:
            if unique_id not in self._results and (waiter := self._waiters.get(unique_id)):
                self._waiting += 1
                waiter.wait(timeout_s)
                self._waiting -= 1
            self._waiters.pop(unique_id, None)
            result = self._results.pop(unique_id, None)
            if result is not None:
                self._room.notify()
                return result
            if unique_id in self._pending or unique_id >= self._next_id:
                self._dropped.add(unique_id)
            return failure(Code.STREAM_TIMEOUT, TIMEOUT_TEXT)

    def drop(self, unique_id: int) -> None:
        """Poison an id that a caller fetched in the wrong mode."""
        with self._lock:
            self._dropped.add(unique_id)

    def check_idle(self) -> None:
        """Raise VendorAbort while a caller waits: if the stream stops then, the vendor's process aborts."""
        with self._lock:
            if self._waiting:
                raise VendorAbort("StopStream while a thread waits in GetResultWithUniqueId: the vendor's engine aborts the process.")

    def close(self) -> None:
        """Wake every waiter."""
        with self._lock:
            self._closed = True
            self._on_stall = lambda: None  # it refers to the stream: without the cycle Python frees a stopped one at once
            self._room.notify_all()
            for waiter in self._waiters.values():
                waiter.notify_all()


class LoneSender:
    """Guards the sends by unique id of one stream, because the vendor counts ids without a lock."""

    def __init__(self) -> None:
        self._busy = threading.Lock()

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Raise VendorAbort if another thread is sending."""
        if not self._busy.acquire(blocking=False):
            raise VendorAbort("Two sends at once on one stream: the vendor's engine may give both the same id.")
        try:
            yield
        finally:
            self._busy.release()
