"""Where the vendor's engine hurts, as it hurts: for testing a driver against it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.codes import Code
from pipelines.cpu.results import TIMEOUT_TEXT, ResultTable, failure
from pipelines.cpu.structs import MxDataOutput

UNCLAIMED = 10  # results that may lie unclaimed before the stream stalls


class VendorAbort(RuntimeError):
    """The vendor's engine would crash, hang or mix up results here; its caller is at fault."""


class StrictResultTable(ResultTable):
    """The vendor's table of results by unique id.

    Ten unclaimed results stall the stream. An id asked for too early is poisoned: its result will be dropped. A result
    that waits for room while its caller gives up is stored all the same, and keeps its place until somebody claims it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._room = threading.Condition(self._lock)
        self._dropped: set[int] = set()
        self._waiting = 0

    def new_id(self) -> int:
        """The next unique id, with the signal its caller will wait for."""
        unique_id = super().new_id()
        self._waiters[unique_id] = threading.Condition(self._lock)
        return unique_id

    def put(self, unique_id: int, result: MxDataOutput) -> None:
        """Drop the result of a poisoned id; store any other, once there is room."""
        with self._lock:
            if unique_id in self._dropped:
                self._dropped.discard(unique_id)
                return
            if len(self._results) >= UNCLAIMED and not self._closed:
                self._room.wait()
            self._results[unique_id] = result
            if waiter := self._waiters.get(unique_id):
                waiter.notify_all()

    def get(self, unique_id: int, timeout_s: float) -> MxDataOutput:
        """The result of an id, or 6010, and then the id is poisoned."""
        with self._lock:
            if unique_id not in self._results and (waiter := self._waiters.get(unique_id)):
                self._waiting += 1
                waiter.wait(timeout_s)
                self._waiting -= 1
            result = self._results.pop(unique_id, None)
            if result is not None:
                self._room.notify()
                return result
            self._waiters.pop(unique_id, None)
            self._dropped.add(unique_id)
            return failure(Code.STREAM_TIMEOUT, TIMEOUT_TEXT)

    def drop(self, unique_id: int) -> None:
        """Poison an id that was asked for in the wrong mode."""
        with self._lock:
            self._dropped.add(unique_id)

    def check_idle(self) -> None:
        """Raise VendorAbort while somebody waits: the vendor's process aborts when the stream is stopped then."""
        with self._lock:
            if self._waiting:
                raise VendorAbort("StopStream while a thread waits in GetResultWithUniqueId: the vendor's engine aborts the process.")

    def close(self) -> None:
        """Wake whoever waits."""
        with self._lock:
            self._closed = True
            self._room.notify_all()
            for waiter in self._waiters.values():
                waiter.notify_all()


class LoneSender:
    """Guards the sends by unique id of one stream: the vendor counts ids without a lock."""

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
