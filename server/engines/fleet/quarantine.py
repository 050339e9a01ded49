"""Requests whose engine was lost twice: one of them may be what kills it, so one is tried at a time, and takes no other along."""

import threading
from collections import deque

from server.engines.work import Work


class Quarantine:
    """Those that wait for their turn, and the one that is being tried: until it is answered, or given up."""

    def __init__(self) -> None:
        self._waiting: deque[Work] = deque()
        self._trial: Work | None = None
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, work: Work) -> None:
        """Let it wait for its turn."""
        with self._lock:
            self._waiting.append(work)

    def begin(self) -> Work | None:
        """The next one to be tried, unless one is; those that were given up are left out."""
        with self._lock:
            if self._trial and self._trial.request:
                return None
            self._trial = None
            while self._waiting:
                work = self._waiting.popleft()
                if work.request:
                    self._trial = work
                    return work
        return None

    def overdue(self, now_s: float) -> list[Work]:
        """Those whose time is over."""
        with self._lock:
            return [work for work in self._waiting if work.overdue(now_s)]

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._waiting.clear()
            self._trial = None
