"""The number of places of the engine's window for an evaluation."""

from time import monotonic

from server.serving.admission import Admission

QUIET_S = 0.25  # a short pause between requests must not let the evaluation fill the engine
SHARE = 4  # of the window: enough to keep every stream busy; the run cancels these images when requests arrive


class WindowShare:
    """One place during requests and shortly after; otherwise a share of the window."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._most = max(1, admission.served.engine.capacity // SHARE)

    def __call__(self) -> int:
        """The present number of places."""
        quiet = not self._admission.under_way and monotonic() - self._admission.last_s > QUIET_S
        return self._most if quiet else 1
