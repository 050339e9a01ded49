"""Requests whose engine was lost twice: one of them may be what kills it, so one is tried at a time, and takes no other along."""

import threading
from collections import deque
from typing import NamedTuple

from server.engines.base import InferenceRequest
from server.engines.work import Work
from server.errors import ServiceError


class Quarantined(NamedTuple):
    """A request and what it failed with last."""

    work: Work
    request: InferenceRequest
    error: ServiceError


class Quarantine:
    """Those that wait for their turn, and whether one is being tried."""

    def __init__(self) -> None:
        self._waiting: deque[Quarantined] = deque()
        self._trying = False
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, suspect: Quarantined) -> None:
        """Let it wait for its turn."""
        with self._lock:
            self._waiting.append(suspect)

    def begin(self) -> Quarantined | None:
        """The next one to be tried, unless one is; those that were given up are left out. The trial lasts until `end`."""
        with self._lock:
            while self._waiting and not self._trying:
                suspect = self._waiting.popleft()
                if suspect.work.request:
                    self._trying = True
                    return suspect
        return None

    def end(self, again: Quarantined | None = None) -> None:
        """The trial is over, or could not be: then the same is the next one."""
        with self._lock:
            self._trying = False
            if again:
                self._waiting.appendleft(again)

    def take_overdue(self, now_s: float) -> list[Work]:
        """Those whose time is over; they wait no more."""
        with self._lock:
            overdue = [suspect.work for suspect in self._waiting if suspect.work.overdue(now_s)]
            self._waiting = deque(suspect for suspect in self._waiting if suspect.work not in overdue)
        return overdue

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._waiting.clear()
            self._trying = False
