"""Answers wake the event loop together while images wait, and at once otherwise."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from server.serving import handover
from server.serving.handover import LATE_S, MOST_HELD_S, Handover, settle

LONG_S = 10 * MOST_HELD_S / handover.HELD_SHARE


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now_s = [100.0]
    monkeypatch.setattr(handover, "monotonic", lambda: now_s[0])
    return now_s


def run(scene: Callable[[Handover], Coroutine[Any, Any, None]], *, more_follow: bool) -> None:
    asyncio.run(scene(Handover(lambda: more_follow)))


def test_without_others_each_answer_wakes_the_loop(clock: list[float]) -> None:
    async def scene(given: Handover) -> None:
        for _ in range(3):
            answered = given.expect(asyncio.get_running_loop())
            given.give(answered, LONG_S)
            clock[0] += 0.001
            await asyncio.sleep(0)
            assert answered.done()

    run(scene, more_follow=False)


def test_answers_that_follow_one_another_come_together(clock: list[float]) -> None:
    async def scene(given: Handover) -> None:
        answers = [given.expect(asyncio.get_running_loop()) for _ in range(6)]
        done = []
        for answered in answers:
            given.give(answered, LONG_S)
            clock[0] += MOST_HELD_S / 3.9
            await asyncio.sleep(0)
            done.append(sum(each.done() for each in answers))
        assert done == [1, 1, 1, 1, 5, 5]  # the first at once; the next four when the time to hold the oldest is over

    run(scene, more_follow=True)


def test_an_answer_that_was_quick_is_not_held(clock: list[float]) -> None:
    async def scene(given: Handover) -> None:
        for _ in range(3):
            answered = given.expect(asyncio.get_running_loop())
            clock[0] += 0.003
            given.give(answered, 0.02)
            await asyncio.sleep(0)
            assert answered.done()

    run(scene, more_follow=True)


def test_a_held_answer_does_not_wait_for_an_engine_that_hangs() -> None:
    async def scene(given: Handover) -> None:
        loop = asyncio.get_running_loop()
        first, second, never = (given.expect(loop) for _ in range(3))
        for answered in (first, second):
            await asyncio.to_thread(given.give, answered, LONG_S)
        await asyncio.wait_for(second, 20 * LATE_S)
        assert first.done()
        assert not never.done()

    run(scene, more_follow=True)


def test_one_that_gave_up_is_passed_over() -> None:
    async def scene(given: Handover) -> None:
        answered = given.expect(asyncio.get_running_loop())
        settle(answered)
        given.give(answered, LONG_S)
        await asyncio.sleep(0)
        assert answered.result() is None

    run(scene, more_follow=True)


def test_an_answer_behind_the_end_of_the_loop_is_dropped() -> None:
    given = Handover(lambda: False)

    async def scene() -> asyncio.Future[None]:
        return given.expect(asyncio.get_running_loop())

    answered = asyncio.run(scene())
    given.give(answered, 0.0)
    assert not answered.done()
