"""Results that wait for their caller: in order (SendData) or by unique id (SendDataWithUniqueId)."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

from pipelines.codes import Code, code_text
from pipelines.cpu.elements.frame import Metadata
from pipelines.cpu.structs import MxDataOutput

QUEUE_CAPACITY = 256  # results of one sink; a full queue blocks the stream, as with the vendor
LATE_CAPACITY = 64  # late results of one stream that no caller has fetched; the oldest is dropped first
TIMEOUT_TEXT = b"Time out, can not get result in time."


def failure(code: Code, text: bytes | None = None) -> MxDataOutput:
    """An error result; without a text it gets the vendor's text for the code."""
    return MxDataOutput(int(code), code_text(code).encode() if text is None else text)


@dataclass(frozen=True, slots=True)
class Delivery:
    """The output of a sink: the result, and the metadata for callers that ask for messages."""

    result: MxDataOutput
    metadata: Mapping[str, Metadata] = field(default_factory=dict)


class ResultQueue:
    """The deliveries of one sink, first in first out."""

    def __init__(self) -> None:
        self._deliveries: deque[Delivery] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, delivery: Delivery) -> None:
        """Add a delivery; waits while the queue is full."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._deliveries) < QUEUE_CAPACITY)
            self._deliveries.append(delivery)
            self._changed.notify_all()

    def get(self, timeout_s: float | None) -> Delivery | None:
        """The oldest delivery, or None after the timeout. Without a timeout, waits for a delivery or for the end of the stream."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._deliveries or self._closed, timeout_s) or not self._deliveries:
                return None
            delivery = self._deliveries.popleft()
            self._changed.notify_all()
            return delivery

    def close(self) -> None:
        """Wake every waiter; each gets no result."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class ResultTable:
    """The results of a stream by unique id. Each id gives its result once; after a timeout the result can still be fetched."""

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
        """The result of an id; 6010 at once for an unknown id, and 6010 after the timeout."""
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

    def drop(self, unique_id: int) -> None:
        """Record a fetch of an unknown id; here it has no effect."""

    def check_idle(self) -> None:
        """Check that the stream may stop; here it always may, because `close` wakes the waiting callers."""

    def close(self) -> None:
        """Wake every waiter; each gets no result."""
        with self._lock:
            self._closed = True
            for waiter in self._waiters.values():
                waiter.notify()
