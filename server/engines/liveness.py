"""Decides from real results whether an engine is alive, and how long to wait before the next try."""

from time import monotonic


class Liveness:
    """While works are in progress, at least one result must come every `stall_s`."""

    def __init__(self, stall_s: float) -> None:
        self.stall_s = stall_s
        self._moved_s = monotonic()

    def moved(self) -> None:
        """Record a result, or a first work."""
        self._moved_s = monotonic()

    @property
    def still_s(self) -> float:
        """The seconds since the last movement."""
        return monotonic() - self._moved_s

    def stalled(self, under_way: int, allowed_s: float | None = None) -> bool:
        """Whether a result is overdue, with so many images under way; `allowed_s` is for images that take longer than others."""
        return under_way > 0 and self.still_s > (self.stall_s if allowed_s is None else allowed_s)


class BackOff:
    """The seconds before the next try: each failure doubles them, until there was no failure for `well_s`."""

    def __init__(self, first_s: float, most_s: float = 30.0, well_s: float = 60.0) -> None:
        self._first_s = self._next_s = first_s
        self._most_s = most_s
        self._well_s = well_s
        self._failed_s = float("-inf")

    def failed(self, now_s: float | None = None) -> float:
        """The seconds to wait after a failure now."""
        now_s = monotonic() if now_s is None else now_s
        if now_s - self._failed_s > self._next_s + self._well_s:
            self._next_s = self._first_s
        self._failed_s, wait_s = now_s, self._next_s
        self._next_s = min(self._most_s, 2 * wait_s)
        return wait_s
