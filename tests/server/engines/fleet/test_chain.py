"""Faults of the primary, with 32 clients: every image is answered, rightly, and the primary is taken back."""

import os
import signal
import threading
from collections import Counter
from pathlib import Path
from time import monotonic, sleep

import pytest

from server.engines.base import InferenceRequest
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.chain import Chain
from server.engines.fleet.member import Member
from server.engines.plan import plan_rendered
from server.engines.process.engine_process import EngineProcess, Supervision
from server.engines.process.program import StreamProgram
from server.errors import EngineFailed, EngineUnavailable
from server.types import Prediction
from tests.level_model import level_image, store_level_model

FAST = Supervision(start_s=20, stall_s=0.5, idle_s=0.3, back_off_s=0.05)
CLIENTS = 32


def level_process(name: str, folder: Path) -> EngineProcess:
    """The stream engine in a child, in strict mode; two of them answer alike, under their own names."""
    model = store_level_model(folder)
    program = StreamProgram(lambda: plan_rendered(model, "cpu", "", 2), "cpu", strict=True)
    return EngineProcess(name, program, 64, supervision=FAST)


class Switches(list[tuple[str, str, str]]):
    """What a chain told."""

    def __call__(self, before: str, after: str, reason: str) -> None:
        self.append((before, after, reason))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_no_client_notices_that_the_primary_breaks(tmp_path: Path, number: signal.Signals) -> None:
    primary, fallback = level_process("stream", tmp_path / "primary"), level_process("fallback", tmp_path / "fallback")
    told, over = Switches(), threading.Event()
    chain = Chain([Member(primary, stall_s=1, back_off_s=0.2), Member(fallback, stall_s=1)], 64, told)
    chain.start()
    outcomes: Counter[str] = Counter()

    def client(first: int) -> None:
        turn = first
        while not over.is_set():
            turn += 1
            try:
                answer = chain.submit(InferenceRequest(level_image(turn % 64), "client", monotonic() + 20)).result(30)
            except Exception as error:
                outcomes[repr(error)] += 1
            else:
                outcomes[answer.engine if answer.scores[0].class_id == turn % 64 else "wrong"] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    sleep(0.3)
    assert primary.pid
    os.kill(primary.pid, number)
    deadline_s = monotonic() + 20
    while len(told) < 2 and monotonic() < deadline_s:
        sleep(0.02)
    sleep(0.3)
    over.set()
    for thread in threads:
        thread.join()
    chain.close(drain_s=5)
    assert set(outcomes) == {"stream", "fallback"}
    assert told == [("stream", "fallback", "unavailable"), ("fallback", "stream", "recovered")]
    assert primary.restarts == 1


def test_an_engine_that_cannot_start_stops_the_chain() -> None:
    class NoDevice(FakeEngine):
        def start(self) -> None:
            raise EngineUnavailable("No device.")

    standby = FakeEngine()
    with pytest.raises(EngineUnavailable, match="No device"):
        Chain([Member(standby), Member(NoDevice())], 8, Switches()).start()
    assert not standby.health().ok


class Failing(FakeEngine):
    """Fails every image while `broken`."""

    broken = True

    def submit(self, request: InferenceRequest):  # type: ignore[no-untyped-def] # noqa: ANN201
        future = super().submit(request)
        if self.broken and future.cancel():
            failed = type(future)()
            failed.set_exception(EngineFailed("code 1002"))
            return failed
        return future


def test_codes_are_answered_by_the_fallback_and_three_in_a_row_switch() -> None:
    primary, standby, told = Failing(latency_s=0.01), FakeEngine(), Switches()
    standby.name = "standby"
    chain = Chain([Member(primary, back_off_s=0.1), Member(standby)], 8, told)
    chain.start()
    answers: list[Prediction] = [chain.submit(InferenceRequest(level_image(3), "", monotonic() + 5)).result(5) for _ in range(3)]
    assert all(answer.scores for answer in answers)
    assert told == [("fake", "standby", "failed")]
    primary.broken = False
    deadline_s = monotonic() + 5
    while len(told) < 2 and monotonic() < deadline_s:
        sleep(0.01)
    assert told[1:] == [("standby", "fake", "recovered")]
    chain.close(1)
