"""Requests that lost their engine twice. One of them may be the cause, so they are tried one at a time, without other requests."""

import threading
from collections import deque

from server.engines.work import Work


class Quarantine:
    """The requests that wait for their turn, and the one that is being tried, until its answer or its cancellation."""

    def __init__(self) -> None:
        self._waiting: deque[Work] = deque()
        self._trial: Work | None = None
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, work: Work) -> None:
        """Add a request."""
        with self._lock:
            self._waiting.append(work)

    def begin(self) -> Work | None:
        """The next request to try, unless one is being tried; cancelled ones are skipped."""
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
        """The requests whose time has ended."""
        with self._lock:
            return [work for work in self._waiting if work.overdue(now_s)]

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._waiting.clear()
            self._trial = None
