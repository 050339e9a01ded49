"""The threads of this process that carry pictures at this moment: one that is alone may use all cores."""

import threading


class BusyThreads:
    """Counts the threads between `begin` and `end`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    def begin(self) -> None:
        """Count the calling thread; call `end` in any case."""
        with self._lock:
            self._count += 1

    def end(self) -> None:
        """Count it no longer."""
        with self._lock:
            self._count -= 1

    @property
    def alone(self) -> bool:
        """Whether no thread works beside the caller, which counts itself."""
        return self._count <= 1


BUSY = BusyThreads()
"""Of all streams of this process, since they share its cores."""
