"""Engines of this process fail, hang and come back: the fleet answers each request."""

from collections.abc import Iterator
from concurrent.futures import Future
from time import monotonic, sleep

import pytest

from server.engines.base import EngineHealth
from server.engines.fake_engine import FakeEngine, fake_prediction
from server.engines.fleet.fleet import Fleet
from server.engines.fleet.member import FAILURES, Member, Watch
from server.engines.work import InferenceRequest, Work
from server.errors import EngineFailed, EngineUnavailable, ServiceError, StreamFull
from server.types import EncodedImage, ImageFormat, Prediction


class Switches(list[tuple[str, str, str]]):
    """The switches that a fleet reported."""

    def __call__(self, before: str, after: str, reason: str) -> None:
        self.append((before, after, reason))

    def wait(self, count: int) -> None:
        """Wait until so many are reported; a fleet has its new name a moment before."""
        deadline_s = monotonic() + 20
        while len(self) < count and monotonic() < deadline_s:
            sleep(0.01)


class Failing(FakeEngine):
    """Fails every image with `error`, while there is one."""

    def __init__(self, error: ServiceError | None, name: str = "fake") -> None:
        super().__init__()
        self.name = name
        self.error = error
        self.seen = 0

    def answer(self, work: Work) -> Prediction | ServiceError | None:
        outcome = super().answer(work)
        self.seen += not work.is_probe
        return self.error or outcome


class Choosy(FakeEngine):
    """Fails b"BAD", and answers all else."""

    def __init__(self) -> None:
        super().__init__()
        self.probed = 0

    def answer(self, work: Work) -> Prediction | ServiceError | None:
        self.probed += work.is_probe
        data = work.request.image.data if work.request else b""
        outcome = super().answer(work)
        return EngineFailed("code 1009") if data == b"BAD" else outcome


class Hanging(FakeEngine):
    """Gives no result until it is let go; fails b"BAD" at once."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = True
        self._stuck: list[Work] = []

    def take(self, work: Work) -> None:
        if not self.hangs:
            super().take(work)
        elif work.request and work.request.image.data == b"BAD":
            work.begin(monotonic())
            self.on_answer(work, EngineFailed("code 1002"))
        else:
            self._stuck.append(work)

    def let_go(self) -> None:
        self.hangs = False
        for work in self._stuck:
            self.on_answer(work, fake_prediction(EncodedImage(b"late", ImageFormat.PNG, 1, 1)))


def standby() -> FakeEngine:
    engine = FakeEngine()
    engine.name = "standby"
    return engine


def request(words: bytes = b"picture", timeout_s: float = 20) -> InferenceRequest:
    return InferenceRequest(EncodedImage(words, ImageFormat.PNG, 1, 1), "test", monotonic() + timeout_s)


def submit(fleet: Fleet, words: bytes = b"picture", timeout_s: float = 20) -> Future[Prediction]:
    return fleet.submit(request(words, timeout_s))


def tiers(*engines: FakeEngine, watch: Watch | None = None, told: Switches | None = None) -> Fleet:
    fleet = Fleet([[Member(engine, watch=watch)] for engine in engines], 64, told if told is not None else Switches())
    fleet.start()
    return fleet


@pytest.fixture(autouse=True)
def closed() -> Iterator[list[Fleet]]:
    fleets: list[Fleet] = []
    yield fleets
    for fleet in fleets:
        fleet.close(1)


def wait_until(fleet: Fleet, name: str) -> None:
    deadline_s = monotonic() + 20
    while fleet.name != name and monotonic() < deadline_s:
        sleep(0.01)
    assert fleet.name == name


def test_failures_are_answered_by_the_next_tier_and_three_in_a_row_and_a_probe_switch(closed: list[Fleet]) -> None:
    primary, told = Failing(EngineFailed("code 1002")), Switches()
    fleet = tiers(primary, standby(), watch=Watch(back_off_s=0.1), told=told)
    closed.append(fleet)
    assert [submit(fleet).result(5).scores for _ in range(FAILURES)] == [fake_prediction(request().image).scores] * FAILURES
    told.wait(1)
    assert told == [("fake", "standby", "failed")]
    assert fleet.name == "standby"
    primary.error = None
    told.wait(2)
    assert told[1:] == [("standby", "fake", "recovered")]
    assert fleet.name == "fake"


class Faulty(Failing):
    """Its health cannot be asked, once."""

    was_asked = False

    def health(self) -> EngineHealth:
        if not self.was_asked:
            self.was_asked = True
            raise RuntimeError("a fault of ours")
        return super().health()


def test_a_fault_of_the_watch_does_not_end_it(closed: list[Fleet], caplog: pytest.LogCaptureFixture) -> None:
    primary, told = Faulty(EngineFailed("code 1002")), Switches()
    fleet = tiers(primary, standby(), told=told)
    closed.append(fleet)
    for _ in range(FAILURES):
        submit(fleet).result(5)
    told.wait(1)  # by the watch
    assert told == [("fake", "standby", "failed")]
    assert primary.was_asked
    assert "the watch of the engines failed; it goes on" in caplog.text


def test_images_that_a_good_engine_fails_switch_nothing(closed: list[Fleet]) -> None:
    primary, told = Choosy(), Switches()
    fleet = tiers(primary, standby(), told=told)
    closed.append(fleet)
    for _ in range(3):
        assert all(submit(fleet, b"BAD").result(5).scores for _ in range(FAILURES))  # by the other engine
        deadline_s = monotonic() + 5
        while fleet.members[0].in_doubt and monotonic() < deadline_s:  # until it has answered a probe
            sleep(0.01)
    assert (told, fleet.name, primary.probed) == ([], "fake", 3)


def test_a_chip_that_fails_is_helped_by_the_next_chip(closed: list[Fleet]) -> None:
    broken, well = Failing(EngineFailed("code 1002")), FakeEngine()
    fleet = Fleet([[Member(broken, "0"), Member(well, "1")]], 64)
    fleet.start()
    closed.append(fleet)
    deadline_s = monotonic() + 20
    while not fleet.members[0].down and monotonic() < deadline_s:
        assert submit(fleet).result(5).scores
    assert [status.up for status in fleet.statuses()] == [False, True]
    seen = broken.seen
    assert seen >= FAILURES
    assert all(submit(fleet).result(5).scores for _ in range(20))
    assert broken.seen == seen


def test_an_image_that_both_fail_is_answered_so(closed: list[Fleet]) -> None:
    first, second = Failing(EngineFailed("code 1"), "first"), Failing(EngineFailed("code 2"), "second")
    fleet = tiers(first, second)
    closed.append(fleet)
    with pytest.raises(EngineFailed, match="code 2"):
        submit(fleet).result(5)
    assert (first.seen, second.seen) == (1, 1)


def test_without_another_engine_a_failure_is_answered(closed: list[Fleet]) -> None:
    fleet = tiers(Failing(EngineFailed("code 1002")))
    closed.append(fleet)
    with pytest.raises(EngineFailed):
        submit(fleet).result(5)


def test_a_refused_send_is_tried_until_there_is_room_and_is_no_fault(closed: list[Fleet]) -> None:
    engine, told = Failing(StreamFull("full")), Switches()
    fleet = tiers(engine, told=told)
    closed.append(fleet)
    pending = submit(fleet)
    while engine.seen < 2 * FAILURES:
        sleep(0.01)
    engine.error = None
    assert pending.result(5).scores
    assert told == []


def test_an_engine_that_hangs_is_given_up_and_taken_back(closed: list[Fleet]) -> None:
    primary = Hanging()
    fleet = tiers(primary, standby(), watch=Watch(stall_s=0.2, back_off_s=0.05))
    closed.append(fleet)
    words = [b"picture %d" % number for number in range(8)]
    answers = [future.result(20) for future in [submit(fleet, word) for word in words]]
    assert [answer.scores for answer in answers] == [fake_prediction(request(word).image).scores for word in words]
    assert fleet.name == "standby"
    primary.let_go()  # its answers come too late, and the probe's among them
    wait_until(fleet, "fake")
    assert submit(fleet).result(20) == fake_prediction(request().image)


def test_what_hangs_in_an_engine_that_is_asked_no_more_is_answered_too(closed: list[Fleet]) -> None:
    fleet = tiers(Hanging(), standby(), watch=Watch(stall_s=0.3, back_off_s=60))
    closed.append(fleet)
    hung = submit(fleet)
    assert all(submit(fleet, b"BAD").result(20).scores for _ in range(FAILURES))
    assert hung.result(20).scores


def test_every_engine_on_every_chip_is_told_and_which_ones_answer(closed: list[Fleet]) -> None:
    fleet = Fleet([[Member(FakeEngine(), "0"), Member(FakeEngine(), "1")], [Member(standby())]], 8)
    fleet.start()
    closed.append(fleet)
    told = [(one.name, one.device, one.up, one.answers) for one in fleet.statuses()]
    assert told == [("fake", "0", True, True), ("fake", "1", True, True), ("standby", "0", True, False)]
    assert fleet.names == ("fake", "standby")
    for member in fleet.members[:2]:
        member.put_down("tried")
    assert [one.answers for one in fleet.statuses()] == [False, False, True]


def test_an_engine_that_cannot_start_stops_the_fleet() -> None:
    class NoDevice(FakeEngine):
        def start(self) -> None:
            raise EngineUnavailable("No device.")

    other = standby()
    with pytest.raises(EngineUnavailable, match="No device"):
        tiers(other, NoDevice())
    assert not other.health().ok


def test_engines_with_different_scores_do_not_start() -> None:
    raw = standby()
    raw.score_type = "logit"
    with pytest.raises(EngineUnavailable, match="different kinds of scores"):
        tiers(FakeEngine(), raw)
