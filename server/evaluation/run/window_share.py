"""How many places of the engine's window an evaluation may hold."""

from time import monotonic

from server.serving.admission import Admission

QUIET_S = 0.25  # a pause between requests is no reason to fill the engine
SHARE = 4  # of the window: enough to keep every stream busy, and called back when requests come


class WindowShare:
    """One while requests are under way, or were a moment ago; otherwise a share of the window."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._most = max(1, admission.served.engine.capacity // SHARE)

    def __call__(self) -> int:
        """The number now."""
        quiet = not self._admission.under_way and monotonic() - self._admission.last_s > QUIET_S
        return self._most if quiet else 1
