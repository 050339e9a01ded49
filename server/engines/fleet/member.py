"""One engine among several, under watch: whether it is asked, and what is under way in it."""

from concurrent.futures import Future
from time import monotonic

from server.engines.base import Engine
from server.engines.liveness import BackOff, Liveness
from server.engines.probe import probe_request
from server.engines.work import Work
from server.errors import EngineFailed, EngineUnavailable, Saturated, ServiceError
from server.types import Prediction

FAILURES = 3  # in a row; a single image may be at fault itself
PROBE_S = 10.0


class Attempt:
    """A request in one engine. Those that may have killed theirs are tried `alone`: one at a time."""

    __slots__ = ("alone", "inner", "member", "work")

    def __init__(self, work: Work, member: "Member", *, alone: bool = False) -> None:
        self.work = work
        self.member = member
        self.alone = alone
        self.inner: Future[Prediction] | None = None


class Member:
    """An engine and its breaker. A member that is down is probed in the background, and is up again when a probe is answered."""

    def __init__(self, engine: Engine, device: str = "0", stall_s: float = 10.0, back_off_s: float = 1.0) -> None:
        self.engine = engine
        self.device = device
        self.down = "not running"  # why it is not asked; empty while it is
        self.attempts: set[Attempt] = set()  # under way
        self._liveness = Liveness(stall_s)
        self._failures = 0
        self._back_off = BackOff(back_off_s)
        self._probe_s = 0.0
        self._probe: Future[Prediction] | None = None

    def raise_up(self) -> None:
        """Ask it, or ask it again."""
        self.down, self._failures = "", 0
        self._liveness.moved()

    def put_down(self, why: str) -> bool:
        """Ask it no more; False if that was known."""
        if self.down:
            return False
        self.down = why
        self._probe_s = monotonic() + self._back_off.failed()
        return True

    def began(self, attempt: Attempt) -> None:
        """A request goes in."""
        if not self.attempts:
            self._liveness.moved()
        self.attempts.add(attempt)

    def ended(self, attempt: Attempt) -> bool:
        """A request came out; False if it was given up meanwhile."""
        if attempt not in self.attempts:
            return False
        self.attempts.discard(attempt)
        self._liveness.moved()
        return True

    def failed_too_often(self, error: BaseException | None) -> bool:
        """Note how a request ended; whether that was one failure in a row too many."""
        self._failures = self._failures + 1 if is_fault(error) else 0
        return self._failures >= FAILURES

    @property
    def stalled(self) -> str:
        """Says it when a result is overdue, of an engine that is not asked any more too."""
        return f"no result for {self._liveness.stall_s:g} s" if self._liveness.stalled(len(self.attempts)) else ""

    def recovered(self) -> bool:
        """Whether a member that is down answers again; sends the probes that find out."""
        if self._probe:
            if not self._probe.done():
                return False
            probe, self._probe = self._probe, None
            if not probe.cancelled() and probe.exception() is None:
                return True
            self._probe_s = monotonic() + self._back_off.failed()
        elif monotonic() >= self._probe_s and self.engine.health().ok:
            try:
                self._probe = self.engine.submit(probe_request(PROBE_S))
            except (EngineUnavailable, Saturated):
                self._probe_s = monotonic() + self._back_off.failed()
        return False


def is_fault(error: BaseException | None) -> bool:
    """Whether an error is the engine's, and not the image's or the client's, so that another engine may answer."""
    return error is not None and (not isinstance(error, ServiceError) or isinstance(error, EngineFailed | EngineUnavailable))
