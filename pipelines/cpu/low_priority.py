"""The priority of threads that decode what takes long: everything else gets the processors first.

A thread may lower its priority, but without root it may not raise it again, so such a thread does nothing else.
"""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Generic, TypeVar

Result = TypeVar("Result")

NICER_BY = 5
"""Beside a thread that always wants the same core, a thread that is nicer by 5 gets a quarter of it: late, but in time."""


def lower_own_priority() -> None:
    """Lower the priority of the calling thread; does nothing outside Linux, where that would lower the whole process."""
    if sys.platform == "linux":
        os.nice(NICER_BY)


class LowPriorityThread(Generic[Result]):
    """Makes one call after the other with a lower priority; it starts at the first.

    It is a daemon, unlike the threads of a ThreadPoolExecutor: a call that hangs does not keep the process from its end.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[tuple[Callable[[], Result], Future[Result]] | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def run(self, call: Callable[[], Result]) -> Result:
        """The result of the call, or its exception."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
        done: Future[Result] = Future()
        self._calls.put((call, done))
        return done.result()

    def close(self) -> None:
        """End the thread after the calls so far; nothing runs in it any more."""
        if self._thread:
            self._calls.put(None)
            self._thread.join()

    def _work(self) -> None:
        lower_own_priority()
        while item := self._calls.get():
            call, done = item
            try:
                done.set_result(call())
            except BaseException as error:
                done.set_exception(error)
            del item, call, done  # they hold the last picture, and the next may not come for long
