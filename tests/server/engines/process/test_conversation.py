"""One child and its works: all that is put in is answered, also when the child is to end."""

import signal
from collections.abc import Callable
from queue import SimpleQueue
from time import monotonic

import pytest

from server.engines.base import ignore_batch
from server.engines.probe import probe_request
from server.engines.process.conversation import ENDED, Conversation
from server.engines.process.program import EngineProgram
from server.engines.process.second_look import Outcome
from server.engines.work import Work
from server.errors import EngineLost
from server.types import Prediction

pytestmark = pytest.mark.usefixtures("forked_children")
Answers = SimpleQueue[tuple[Work, Outcome]]
Losses = SimpleQueue[str]
Opened = tuple[Conversation, Answers, Losses]


@pytest.fixture
def opened() -> Callable[[float], Opened]:
    def open_one(latency_s: float) -> Opened:
        program = EngineProgram("tests.server.engines.faulty:FaultyEngine", lambda: {"latency_s": latency_s})
        answers, losses = Answers(), Losses()

        def lost(_: Conversation, reason: str) -> None:
            losses.put(reason)

        def answered(work: Work, outcome: Outcome) -> None:
            answers.put((work, outcome))

        started = Conversation("fake", program, 20, on_answer=answered, on_doubt=answered, on_batch=ignore_batch, on_loss=lost)
        started.open()
        return started, answers, losses

    return open_one


def test_at_its_end_a_child_answers_all_that_was_put_in(opened: Callable[[float], Opened]) -> None:
    one, answers, losses = opened(0.05)
    works = {Work(probe_request(20)) for _ in range(6)}
    for work in works:
        one.put(work)
    one.end(15)
    told = [answers.get_nowait() for _ in works]
    assert {work for work, _ in told} == works
    assert all(isinstance(outcome, Prediction) for _, outcome in told)
    assert losses.get(timeout=5) == ENDED


def test_a_child_that_hangs_at_its_end_is_killed_and_its_works_fail(opened: Callable[[float], Opened]) -> None:
    one, answers, _ = opened(30.0)
    work, began_s = Work(probe_request(20)), monotonic()
    one.put(work)
    one.end(1.0)
    assert isinstance(answers.get_nowait()[1], EngineLost)
    assert monotonic() - began_s < 15


def test_a_child_that_is_broken_off_says_how_it_ended(opened: Callable[[float], Opened]) -> None:
    one, _, _ = opened(0.0)
    assert one.grown_bytes < 1 << 30
    assert one.break_off() == signal.SIGKILL.name
