"""One engine on one chip, under watch: whether it is asked, and what is under way in it."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from time import monotonic

from server.engines.base import Engine, EngineStatus
from server.engines.liveness import BackOff, Liveness
from server.engines.probe import probe_request
from server.engines.work import Work
from server.errors import EngineUnavailable, ServiceError
from server.images.upright import needs_turning, upright

FAILURES = 3  # in a row; a single image may be at fault itself
PROBE_S = 10.0
REST_S = 0.01  # after a stream refused an image, which it did because it is full
DECODE_PATIENCE = 5.0  # times the estimate that decoding may take: this machine may be slower, and busy
SMOOTHING = 0.1  # of the mean service time


@dataclass(frozen=True)
class Watch:
    """How a member is watched. It counts as hung when it gives no result for `stall_s`.

    After `idle_s` without work it is sent a picture, if that is not 0. When it is down it is sent one after `back_off_s`, and twice
    as long each time.
    """

    stall_s: float = 10.0
    idle_s: float = 0.0
    back_off_s: float = 1.0


class Member:
    """An engine and its breaker. A member that is down is probed in the background, and is up again when a probe is answered."""

    def __init__(self, engine: Engine, device: str = "0", watch: Watch | None = None) -> None:
        self.engine = engine
        self.device = device
        self.down = "not running"  # why it is not asked; empty while it is
        self.under_way: set[Work] = set()
        self.decode_s = 0.0  # of what is under way
        self.decoded_bytes = self.slow = 0
        self.service_s = 0.0  # what an image takes here, on average
        self.turning: Executor | None = None
        """Where images are turned that engines do not turn; without it they are taken as they are stored."""
        self._watch = watch or Watch()
        self._liveness = Liveness(self._watch.stall_s)
        self._back_off = BackOff(self._watch.back_off_s)
        self._failures = 0
        self._failed_s = float("-inf")
        self._rest_s = float("-inf")
        self._probe: Work | None = None
        self._probe_s = 0.0

    @property
    def room(self) -> int:
        """Images it would take now."""
        if self._rest_s > monotonic():
            return 0
        return self.engine.places - len(self.under_way)

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

    def began(self, work: Work) -> None:
        """A request goes in."""
        if not self.under_way:
            self._liveness.moved()
        work.taken_s = monotonic()
        self.under_way.add(work)
        self._count(work, 1)

    def ended(self, work: Work) -> bool:
        """A request came out; False if it was given up meanwhile."""
        if work not in self.under_way:
            return False
        self.under_way.discard(work)
        self._count(work, -1)
        self._liveness.moved()
        return True

    def _count(self, work: Work, sign: int) -> None:
        self.decode_s += sign * work.decode_s
        self.decoded_bytes += sign * work.decoded_bytes
        self.slow += sign * work.is_slow

    def forget(self) -> list[Work]:
        """Give up all that is under way; the requests among it, without the probes."""
        works = [work for work in self.under_way if not work.is_probe]
        self.under_way.clear()
        self.decode_s, self.decoded_bytes, self.slow = 0.0, 0, 0
        return works

    def answered(self, work: Work) -> None:
        """It came out with an answer."""
        self._failures = 0
        took_s = monotonic() - work.taken_s
        self.service_s += (took_s - self.service_s) * (SMOOTHING if self.service_s else 1.0)

    def take(self, work: Work) -> None:
        """Hand a work to the engine, upright; raises EngineUnavailable, and is told of later refusals as the engine tells of them."""
        if self.turning and work.request and needs_turning(work.request.image):
            self.turning.submit(self._turn, work)
        else:
            self.engine.take(work)

    def _turn(self, work: Work) -> None:
        try:
            if request := work.begin(monotonic()):
                work.turned(upright(request.image))
                self.engine.take(work)
            else:
                self.engine.on_answer(work, None)
        except ServiceError as error:
            self.engine.on_answer(work, error)

    def rest(self) -> None:
        """A stream is full: ask a moment later."""
        self._rest_s = monotonic() + REST_S

    def failed(self, work: Work) -> bool:
        """Note a failure; whether that was one in a row too many.

        What was under way together fails together, since an inference fails all images of its batch: that counts once.
        """
        if work.taken_s > self._failed_s:
            self._failures += 1
            self._failed_s = monotonic()
        return self._failures >= FAILURES

    @property
    def stalled(self) -> str:
        """Says it when a result is overdue, of an engine that is not asked any more too."""
        allowed_s = self._liveness.stall_s + DECODE_PATIENCE * self.decode_s
        return f"it gave no result for {allowed_s:.3g} s." if self._liveness.stalled(len(self.under_way), allowed_s) else ""

    @property
    def is_idle(self) -> bool:
        """Whether it is up and nothing has come out for so long that it is to be sent a picture."""
        return bool(self._watch.idle_s) and not self.down and not self.under_way and self._liveness.still_s > self._watch.idle_s

    def probe(self) -> Work:
        """A picture whose answer tells whether it lives."""
        return Work(probe_request(PROBE_S), is_probe=True)

    def recovered(self) -> bool:
        """Whether a member that is down answers again; sends the probes that find out."""
        now_s = monotonic()
        if probe := self._probe:
            if not probe.future.done() and not probe.overdue(now_s):
                return False
            self._probe = None
            if probe.future.done() and not probe.future.cancelled() and probe.future.exception() is None:
                return True
            self._probe_s = now_s + self._back_off.failed()
        elif now_s >= self._probe_s and self.engine.health().ok:
            probe = self.probe()
            try:
                self.engine.take(probe)
            except EngineUnavailable:
                self._probe_s = now_s + self._back_off.failed()
            else:
                self._probe = probe
        return False

    def status(self, *, asked: bool) -> EngineStatus:
        """What there is to say of it; `asked` is whether its tier is asked now."""
        health = self.engine.health()
        up = health.ok and not self.down
        reason = health.reason or self.down
        return EngineStatus(self.engine.name, self.device, up, up and asked, reason, self.engine.process, self.engine.restarts)


Tier = Sequence[Member]
"""Members of one kind, on several chips: the one with the least under way is asked."""


def choose(tiers: Iterable[Tier], avoid: object = None) -> Member | None:
    """The member to be asked: of the first tier with one that is up, the one with least under way; None if it must be waited for.

    `avoid` has failed the image already: another one is asked, of its tier, or else of the tiers behind it.
    """
    for tier in tiers:
        if up := [member for member in tier if not member.down and member is not avoid]:
            free = [member for member in up if member.room > 0]
            return min(free, key=_load) if free else None
    return None


def is_up(tiers: Iterable[Tier], avoid: object = None) -> bool:
    """Whether a member other than `avoid` is up."""
    return any(not member.down and member is not avoid for tier in tiers for member in tier)


def _load(member: Member) -> int:
    return len(member.under_way)
