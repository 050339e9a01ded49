"""What becomes of a request whose engine dies or hangs, and of its neighbours."""

import os
import signal
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic, sleep

import pytest

from server.engines.base import InferenceRequest
from server.engines.fake_engine import FakeEngine, fake_prediction
from server.engines.fleet.chain import Chain
from server.engines.fleet.dispatcher import LOSSES
from server.engines.fleet.member import FAILURES, Member
from server.engines.fleet.pool import Pool
from server.engines.process.engine_process import EngineProcess, Supervision
from server.engines.process.program import EngineProgram
from server.errors import EngineFailed, EngineUnavailable
from server.types import EncodedImage, ImageFormat, Prediction

FAST = Supervision(start_s=20, stall_s=5, idle_s=5, back_off_s=0.05)


def faulty_process() -> EngineProcess:
    program = EngineProgram("tests.server.engines.faulty:FaultyEngine", lambda: {"latency_s": 0.002}, places=4)
    return EngineProcess("fake", program, 64, supervision=FAST)


def faulty_link(device: int = 0) -> Member:
    return Member(faulty_process(), str(device), back_off_s=0.05)


def chain_of(*members: Member) -> Chain:
    return Chain(members, 64, lambda *_: None)


def lone_chain() -> Chain:
    return chain_of(faulty_link())


def processes(*members: Member) -> list[EngineProcess]:
    return [member.engine for member in members if isinstance(member.engine, EngineProcess)]


def request(words: bytes, timeout_s: float = 20) -> InferenceRequest:
    return InferenceRequest(EncodedImage(words, ImageFormat.PNG, 1, 1), "test", monotonic() + timeout_s)


def test_without_another_engine_a_request_waits_for_its_own_to_come_back() -> None:
    chain = lone_chain()
    chain.start()
    pending = [chain.submit(request(b"picture")) for _ in range(64)]
    [process] = processes(*chain.members)
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    assert all(future.result(20).scores for future in pending)
    chain.close(5)


def test_what_comes_while_there_is_no_engine_waits_for_one_that_is_on_its_way_back() -> None:
    chain = lone_chain()
    chain.start()
    [process] = processes(*chain.members)
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    deadline_s = monotonic() + 10
    while chain.health().ok and monotonic() < deadline_s:
        sleep(0.005)
    assert chain.submit(request(b"picture")).result(20).scores
    chain.close(5)


@pytest.mark.parametrize("words", [b"EXIT", b"ABORT"])
def test_an_image_that_breaks_its_engine_sinks_alone(words: bytes) -> None:
    """Thirty-two clients beside it are answered, though it breaks the primary, the fallback, and again one of them."""
    members = faulty_link(), faulty_link()
    chain = chain_of(*members)
    chain.start()
    poison: list[Future[Prediction]] = []

    def client(number: int) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        for turn in range(40):
            if (number, turn) == (0, 5):
                poison.append(chain.submit(request(words)))
            picture = request(b"picture %d of %d" % (turn, number))
            answer = chain.submit(picture).result(30)
            outcomes["right" if answer.scores == fake_prediction(picture.image).scores else "wrong"] += 1
        return outcomes

    with ThreadPoolExecutor(32) as clients:
        found = sum(clients.map(client, range(32)), Counter[str]())
    with pytest.raises(EngineUnavailable):
        poison[0].result(20)
    assert found == {"right": 32 * 40}
    assert sum(process.restarts for process in processes(*members)) <= LOSSES
    chain.close(5)


def test_pools_in_a_chain_try_no_more_often_than_one_engine_would() -> None:
    members = [faulty_link(device) for device in range(4)]
    chain = chain_of(Member(Pool(members[:2], 64, hold=False)), Member(Pool(members[2:], 64, hold=False)))
    chain.start()
    with pytest.raises(EngineUnavailable):
        chain.submit(request(b"EXIT")).result(20)
    assert sum(process.restarts or not process.health().ok for process in processes(*members)) <= LOSSES
    assert chain.submit(request(b"picture")).result(20).scores
    chain.close(5)


class Hanging(FakeEngine):
    """Gives no result until it is let go; fails b"BAD" at once."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = True
        self._stuck: list[tuple[Future[Prediction], InferenceRequest]] = []

    def submit(self, request: InferenceRequest) -> Future[Prediction]:
        if not self.hangs:
            return super().submit(request)
        future: Future[Prediction] = Future()
        future.set_running_or_notify_cancel()
        if request.image.data == b"BAD":
            future.set_exception(EngineFailed("code 1002"))
        else:
            self._stuck.append((future, request))
        return future

    def let_go(self) -> None:
        self.hangs = False
        for future, _request in self._stuck:
            future.set_result(fake_prediction(EncodedImage(b"late", ImageFormat.PNG, 1, 1)))


@pytest.fixture
def standby() -> FakeEngine:
    engine = FakeEngine()
    engine.name = "standby"
    return engine


def test_an_engine_of_this_process_that_hangs_is_given_up_and_taken_back(standby: FakeEngine) -> None:
    primary = Hanging()
    chain = chain_of(Member(primary, stall_s=0.2, back_off_s=0.05), Member(standby))
    chain.start()
    pictures = [request(b"picture %d" % number) for number in range(8)]
    answers = [future.result(20) for future in [chain.submit(picture) for picture in pictures]]
    assert [answer.scores for answer in answers] == [fake_prediction(picture.image).scores for picture in pictures]
    assert chain.name == "standby"
    primary.let_go()  # its answers come too late, and the probe's among them
    deadline_s = monotonic() + 20
    while chain.name == "standby" and monotonic() < deadline_s:
        sleep(0.01)
    assert chain.submit(pictures[0]).result(20) == fake_prediction(pictures[0].image)
    chain.close(1)


def test_what_hangs_in_an_engine_that_is_asked_no_more_is_answered_too(standby: FakeEngine) -> None:
    chain = chain_of(Member(Hanging(), stall_s=0.3, back_off_s=60), Member(standby))
    chain.start()
    hung = chain.submit(request(b"picture"))
    assert all(chain.submit(request(b"BAD")).result(20).scores for _ in range(FAILURES))
    assert hung.result(20).scores
    chain.close(1)


def test_it_waits_no_longer_than_it_has_time() -> None:
    chain = lone_chain()
    chain.start()
    poison = chain.submit(request(b"EXIT", timeout_s=0.3))
    with pytest.raises(EngineUnavailable):
        poison.result(5)
    chain.close(5)
