"""Where results wait for their caller: by order (SendData) or by unique id (SendDataWithUniqueId)."""

import threading
from collections import deque
from time import monotonic

from pipelines.codes import Code, code_text
from pipelines.host.structs import MxDataOutput

QUEUE_CAPACITY = 256  # results of one sink; a full queue holds up the stream, as with the vendor
LATE_CAPACITY = 64  # late results of one stream that nobody came back for; the oldest goes first
TIMEOUT_TEXT = b"Time out, can not get result in time."


def failure(code: Code, text: bytes | None = None) -> MxDataOutput:
    """A result that is an error; without a text it is the vendor's for the code."""
    return MxDataOutput(int(code), code_text(code).encode() if text is None else text)


class ResultQueue:
    """The results of one sink, first in first out."""

    def __init__(self) -> None:
        self._results: deque[MxDataOutput] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, result: MxDataOutput) -> None:
        """Add a result; waits while the queue is full."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._results) < QUEUE_CAPACITY)
            self._results.append(result)
            self._changed.notify_all()

    def get(self, timeout_s: float) -> MxDataOutput:
        """The oldest result; 1002 when none comes in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._results or self._closed, timeout_s) or not self._results:
                return failure(Code.COMM_INNER)
            result = self._results.popleft()
            self._changed.notify_all()
            return result

    def close(self) -> None:
        """Wake every waiter, empty-handed."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class ResultTable:
    """The results of a stream by unique id. An id is given out once; a late result of a timed-out id may still be fetched."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: dict[int, MxDataOutput] = {}
        self._waiters: dict[int, threading.Condition] = {}
        self._pending: set[int] = set()
        self._given_up: set[int] = set()
        self._late: deque[int] = deque()
        self._next_id = 0
        self._closed = False

    def new_id(self) -> int:
        """The next unique id of the stream, from 0."""
        with self._lock:
            unique_id = self._next_id
            self._next_id += 1
            self._pending.add(unique_id)
            return unique_id

    def forget(self, unique_id: int) -> None:
        """Take an id back that was never sent."""
        with self._lock:
            self._pending.discard(unique_id)

    def put(self, unique_id: int, result: MxDataOutput) -> None:
        """Store a result and wake its caller."""
        with self._lock:
            self._pending.discard(unique_id)
            self._results[unique_id] = result
            if unique_id in self._given_up:
                self._given_up.discard(unique_id)
                self._late.append(unique_id)
                if len(self._late) > LATE_CAPACITY:
                    self._results.pop(self._late.popleft(), None)
            if waiter := self._waiters.get(unique_id):
                waiter.notify()

    def get(self, unique_id: int, timeout_s: float) -> MxDataOutput:
        """The result of an id; 6010 at once for an id that is not under way, and when it does not come in time."""
        with self._lock:
            if unique_id not in self._results and unique_id in self._pending and unique_id not in self._waiters and timeout_s:
                waiter = self._waiters[unique_id] = threading.Condition(self._lock)
                deadline_s = monotonic() + timeout_s
                while unique_id not in self._results and not self._closed and (left_s := deadline_s - monotonic()) > 0:
                    waiter.wait(left_s)
                del self._waiters[unique_id]
                if unique_id in self._pending:
                    self._given_up.add(unique_id)
            return self._results.pop(unique_id, None) or failure(Code.STREAM_TIMEOUT, TIMEOUT_TEXT)

    def close(self) -> None:
        """Wake every waiter, empty-handed."""
        with self._lock:
            self._closed = True
            for waiter in self._waiters.values():
                waiter.notify()
