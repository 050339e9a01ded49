"""One engine on one chip, under watch: whether it gets requests, and its works in progress."""

import logging
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from time import monotonic

from server.engines.base import Engine, EngineStatus
from server.engines.fleet.service_time import ServiceTime
from server.engines.liveness import BackOff, Liveness
from server.engines.probe import probe_request
from server.engines.work import Work
from server.errors import EngineUnavailable, InternalError, ServiceError
from server.images.preparation import needs_preparation, prepared
from server.types import EncodedImage

logger = logging.getLogger(__name__)

FAILURES = 3  # in a row; then a probe shows whether the engine is at fault, or the images
PROBE_S = 10.0
PROBES_BEFORE_RESTART = 2  # that fail in a member that is down and whose process lives
REST_S = 0.01  # after a stream refused an image, which it did because it is full
REFUSING_S = 6.0  # a stream that refused nothing for so long is not full any more; the vendor's send waits three seconds before it refuses
DECODE_PATIENCE = 5.0  # times the estimate that decoding may take: this machine may be slower, and busy
LARGE_BYTES = 4 * 1024 * 1024  # an engine may copy what it takes, and to copy more would hold the event loop for milliseconds
PREPARING_THREADS = len(os.sched_getaffinity(0))  # one more than may prepare images that take long


@dataclass(frozen=True)
class Watch:
    """How a member is watched. It counts as hung if it gives no result for `stall_s`.

    After `idle_s` without work it gets a probe picture (0: never). A member that is down gets one after `back_off_s`, then
    after twice the time, and so on.
    """

    stall_s: float = 10.0
    idle_s: float = 0.0
    back_off_s: float = 1.0


class Member:
    """An engine and its breaker. A member that is down gets probes in the background, and is up again after an answer."""

    def __init__(self, engine: Engine, device: str = "0", watch: Watch | None = None) -> None:
        self.engine = engine
        self.device = device
        self.down = "not running"  # the reason why it gets no requests; empty while it is up
        self.under_way: set[Work] = set()
        self._probes = 0  # among it; a count, because the watch reads it while others change the set
        self.decode_s = 0.0  # of what is under way
        self.decoded_bytes = self.slow_bytes = self.slow = 0  # the last two of images that take long
        self.service = ServiceTime()
        self.preparing: Executor | None = None
        """Where images are prepared, if they need it (server/images/preparation.py); without it they are taken as they are stored."""
        self._watch = watch or Watch()
        self._liveness = Liveness(self._watch.stall_s)
        self._back_off = BackOff(self._watch.back_off_s)
        self._has_process = False  # it had one when it was up
        self._begins = False  # its process was lost, and it has not failed a probe since
        self._failures = 0
        self._failed_s = float("-inf")
        self._rest_s = self._refused_s = self._full_s = float("-inf")  # the last since it takes nothing
        self._probe: Work | None = None
        self._probe_s = 0.0
        self._failed_probes = 0  # since it is down

    @property
    def room(self) -> int:
        """The number of images it would take now; none behind an image that takes long to decode."""
        if self._rest_s > monotonic():
            return 0
        places = self.engine.places - (self.in_doubt and not self._probes)
        if self.slow:
            places -= self.slow * (places // self.engine.decoders - 1)
        return places - len(self.under_way)

    @property
    def has_decoder_to_spare(self) -> bool:
        """Whether others are still decoded when it takes one more image that takes long."""
        return self.slow < max(1, self.engine.decoders - 1)

    def raise_up(self) -> None:
        """Send it requests, or send them again."""
        self.down, self._failures, self._failed_probes, self._begins = "", 0, 0, False
        self._has_process = self.engine.process is not None
        self._liveness.moved()

    def put_down(self, why: str) -> bool:
        """Send it no more requests; returns False if it was already down."""
        if self.down:
            return False
        self.down = why
        self._probe_s = monotonic() + self._back_off.failed()
        return True

    def began(self, work: Work) -> None:
        """Record that it has taken a request."""
        if not self.under_way:
            self._liveness.moved()
        work.taken_s, work.ahead = monotonic(), len(self.under_way)
        self.under_way.add(work)
        self._count(work, 1)

    def ended(self, work: Work) -> bool:
        """Record that a request has ended; returns False if the fleet no longer waited for it."""
        if work not in self.under_way:
            return False
        self.under_way.discard(work)
        self._count(work, -1)
        self._liveness.moved()
        return True

    def _count(self, work: Work, sign: int) -> None:
        self._probes += sign * work.is_probe
        self.decode_s += sign * work.decode_s
        self.decoded_bytes += sign * work.decoded_bytes
        if work.is_slow:
            self.slow += sign
            self.slow_bytes += sign * work.decoded_bytes

    def forget(self) -> list[Work]:
        """Give up all that is under way; the requests among it, without the probes."""
        works = [work for work in self.under_way if not work.is_probe]
        self.under_way.clear()
        self.takes()
        self.decode_s, self.decoded_bytes, self.slow_bytes, self.slow, self._probes = 0.0, 0, 0, 0, 0
        return works

    def answered(self, work: Work) -> None:
        """Record an answer."""
        self._failures = 0
        self.takes()
        if not work.is_slow:
            self.service.measured(work.ahead, monotonic() - work.taken_s)

    def expected_s(self, work: Work) -> float:
        """So long it is likely to take for a work, with what it has under way."""
        return self.service.expected_s(len(self.under_way)) + work.is_slow * work.decode_s

    def take(self, work: Work) -> None:
        """Hand a work to the engine, upright; raises EngineUnavailable, and is told of later refusals as the engine tells of them."""
        request = work.request
        if self.preparing and request and (len(request.image.data) > LARGE_BYTES or self._needs_preparation(request.image)):
            self.preparing.submit(self._prepare, work)
        else:
            self.engine.take(work)

    def _needs_preparation(self, image: EncodedImage) -> bool:
        return needs_preparation(image, turns=self.engine.turns_pictures, webp=self.engine.reads_webp)

    def _prepare(self, work: Work) -> None:
        try:
            if request := work.begin(monotonic()):
                work.prepared(prepared(request.image, turns=self.engine.turns_pictures, webp=self.engine.reads_webp))
                self.engine.take(work)
            else:
                self.engine.on_answer(work, None)
        except ServiceError as error:
            self.engine.on_answer(work, error)
        except Exception:  # such as no memory, or no process more; unanswered, the work would keep its place
            name = work.request.id if work.request else ""
            logger.exception("the image of request %s could not be prepared", name)
            self.engine.on_answer(work, InternalError(f"A fault of the server before the image was decoded, logged under {name}."))

    def rest(self) -> None:
        """Pause, because a stream is full."""
        now_s = monotonic()
        if now_s > self._refused_s + REFUSING_S:
            self._full_s = now_s
        self._refused_s, self._rest_s = now_s, now_s + REST_S

    def takes(self) -> None:
        """Record that it takes images, since it gave a result of any kind."""
        self._refused_s = float("-inf")

    def failed(self, work: Work) -> bool:
        """Record a failure; returns whether it was the last one allowed in a row.

        Works that are in progress together fail together, because an inference fails all images of its batch: they count once.
        """
        if work.taken_s > self._failed_s:
            self._failures += 1
            self._failed_s = monotonic()
        return self._failures >= FAILURES

    @property
    def stalled(self) -> str:
        """Says it when a result is overdue, of an engine that is not asked any more too; also when it only refuses, as a full one does."""
        if self._refused_s > self._full_s + self._liveness.stall_s and monotonic() < self._refused_s + REFUSING_S:
            return f"it took no image and gave no result for {self._liveness.stall_s:.3g} s."
        allowed_s = self._liveness.stall_s + DECODE_PATIENCE * self.decode_s
        return f"it gave no result for {allowed_s:.3g} s." if self._liveness.stalled(len(self.under_way), allowed_s) else ""

    @property
    def in_doubt(self) -> bool:
        """Whether it failed so many images in a row that a probe decides; it keeps a place free for it."""
        return self._failures >= FAILURES

    @property
    def wants_probe(self) -> bool:
        """Whether it is up, and in doubt, or had no result for very long."""
        if self.down or self._probes:
            return False
        is_idle = bool(self._watch.idle_s) and not self.under_way and self._liveness.still_s > self._watch.idle_s
        return is_idle or (self.in_doubt and len(self.under_way) < self.engine.places)

    def probe(self) -> Work:
        """A picture that shows whether the engine works."""
        return Work(probe_request(PROBE_S), is_probe=True)

    def recovered(self) -> bool:
        """Whether a member that is down answers again; sends the probes for this."""
        now_s = monotonic()
        if probe := self._probe:
            if not probe.future.done() and not probe.overdue(now_s):
                return False
            self._probe = None
            if probe.future.done() and not probe.future.cancelled() and probe.future.exception() is None:
                return True
            self._probe_s, self._begins = now_s + self._back_off.failed(), False
            self._failed_probes += 1
            if self._failed_probes >= PROBES_BEFORE_RESTART and self.engine.health().ok:
                self._failed_probes = 0
                self.engine.give_up("it fails its probes")  # such as a chip that was reset under its process
        elif not self.engine.health().ok:
            self._begins = True
        elif now_s >= self._probe_s:
            probe = self.probe()
            try:
                self.engine.take(probe)
            except EngineUnavailable:
                self._probe_s = now_s + self._back_off.failed()
            else:
                self._probe = probe
        return False

    def status(self, *, asked: bool) -> EngineStatus:
        """Its status; `asked` says whether its tier is in use now."""
        health, engine = self.engine.health(), self.engine
        up = health.ok and not self.down
        return EngineStatus(
            engine.name,
            self.device,
            up,
            answers=up and asked,
            reason=health.reason or self.down,
            process=engine.process,
            restarts=engine.restarts,
            restarting=self._has_process and not health.gone and (not health.ok or self._begins),
            in_flight=len(self.under_way),
        )


Tier = Sequence[Member]
"""Members of one kind, on several chips; the one with the fewest works in progress gets the next."""


def choose(tiers: Iterable[Tier], avoid: object = None, *, slow: bool = False) -> Member | None:
    """The member for a work: in the first tier with one that is up, the one with the fewest works; None if the work must wait.

    `slow`: the image takes long to decode.
    `avoid` has already failed the image: another member is chosen, from the same tier or else from the next.
    """
    for tier in tiers:
        if up := [member for member in tier if not member.down and member is not avoid]:
            free = [member for member in up if member.room > 0 and not (slow and not member.has_decoder_to_spare)]
            return min(free, key=_load) if free else None
    return None


def is_up(tiers: Iterable[Tier], avoid: object = None) -> bool:
    """Whether a member other than `avoid` is up."""
    return any(not member.down and member is not avoid for tier in tiers for member in tier)


def _load(member: Member) -> int:
    return len(member.under_way)
