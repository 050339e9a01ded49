"""The breaker of one engine, and the choice among several, on bare objects."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic, sleep

import pytest

from server.engines.fake_engine import FakeEngine
from server.engines.fleet.member import FAILURES, LARGE_BYTES, Member, Watch, choose, is_up
from server.engines.fleet.retries import is_fault
from server.engines.probe import probe_request
from server.engines.work import Work
from server.errors import EngineFailed, InternalError, ServiceError
from server.types import ImageFormat, Prediction


def work() -> Work:
    return Work(probe_request(1))


def member(places: int = 4, device: str = "0", under_way: int = 0, down: str = "") -> Member:
    found = Member(FakeEngine(places), device)
    found.down = down
    for _ in range(under_way):
        found.began(work())
    return found


def test_the_member_with_the_least_under_way_is_asked() -> None:
    busy, idle = member(under_way=2), member(under_way=1)
    assert choose([[busy, idle]]) is idle
    assert choose([[idle, busy]]) is idle


def test_members_that_are_down_or_full_are_not_asked() -> None:
    assert choose([[member(down="broken"), member(places=1, under_way=1)]]) is None
    free = member(under_way=3)
    assert choose([[member(down="broken"), member(places=1, under_way=1), free]]) is free


def test_a_tier_is_asked_when_all_before_it_are_down_and_not_when_they_are_full() -> None:
    standby = member()
    assert choose([[member(places=1, under_way=1)], [standby]]) is None
    assert choose([[member(down="broken")], [standby]]) is standby


def test_who_failed_an_image_is_avoided_by_the_next_chip_and_then_by_the_next_tier() -> None:
    failed, chip, standby = member(), member(under_way=3), member()
    assert choose([[failed, chip], [standby]], failed) is chip
    assert choose([[failed], [standby]], failed) is standby
    assert choose([[failed]], failed) is None
    assert (is_up([[failed]]), is_up([[failed]], failed)) == (True, False)


def test_nothing_goes_behind_an_image_that_takes_long() -> None:
    streams = member(places=6)
    streams.engine.decoders = 3  # type: ignore[misc]
    request = probe_request(1)
    slow = [Work(replace(request, image=replace(request.image, decode_s=1.0))) for _ in range(2)]
    rooms = [streams.room]
    for one in slow:
        assert choose([[streams]], slow=True) is streams
        streams.began(one)
        rooms.append(streams.room)
    assert rooms == [6, 4, 2]
    assert choose([[streams]], slow=True) is None  # the last decoder is for others
    assert choose([[streams], [member()]]) is streams
    assert streams.ended(slow[0])
    assert streams.room == 4


def test_an_engine_of_one_decoder_takes_what_takes_long() -> None:
    lone = member(places=2)
    lone.engine.decoders = 1  # type: ignore[misc]
    assert choose([[lone]], slow=True) is lone


def test_a_member_rests_after_a_refused_send() -> None:
    rested = member()
    rested.rest()
    assert choose([[rested]]) is None
    sleep(0.02)
    assert choose([[rested]]) is rested


def test_a_member_that_only_refuses_is_hung_and_one_that_answers_between_is_not() -> None:
    stuck, busy = (Member(FakeEngine(), watch=Watch(stall_s=0.05)) for _ in range(2))
    for each in (stuck, busy):
        each.rest()
    assert stuck.stalled == ""
    sleep(0.06)
    busy.takes()
    for each in (stuck, busy):
        each.rest()
    assert [stuck.stalled, busy.stalled] == ["it took no image and gave no result for 0.05 s.", ""]
    stuck.forget()
    assert stuck.stalled == ""


def test_three_failures_in_a_row_are_too_many() -> None:
    tried = member()
    for number in range(FAILURES):
        one = work()
        tried.began(one)
        assert tried.failed(one) == (number == FAILURES - 1)
    tried.answered(one)
    tried.began(one)
    assert not tried.failed(one)


def test_a_batch_that_fails_as_a_whole_counts_once() -> None:
    tried, batch = member(places=8), [work() for _ in range(8)]
    for one in batch:
        tried.began(one)
    assert [tried.failed(one) for one in batch] == [False] * 8


def test_a_request_that_was_given_up_is_not_counted_twice() -> None:
    tried, one = member(), work()
    tried.began(one)
    assert [tried.ended(one), tried.ended(one)] == [True, False]


def test_a_member_that_is_down_is_up_again_when_a_probe_is_answered() -> None:
    engine = FakeEngine()
    tried = Member(engine, watch=Watch(back_off_s=0))
    engine.on_answer = lambda probe, outcome: probe.answer(outcome) if outcome else None
    engine.start()
    tried.raise_up()
    assert [tried.put_down("broken"), tried.put_down("broken")] == [True, False]
    while not tried.recovered():
        pass
    engine.close()


class Broken(FakeEngine):
    """It lives, and answers nothing; started again, it does."""

    restarts = 0

    def give_up(self, reason: str) -> None:
        assert reason == "it fails its probes"
        self.restarts += 1


def test_a_process_that_lives_and_fails_its_probes_is_started_again() -> None:
    engine = Broken()
    tried = Member(engine, watch=Watch(back_off_s=0))

    def answer(probe: Work, outcome: Prediction | ServiceError | None) -> None:
        probe.answer(outcome if engine.restarts and outcome else EngineFailed("The chip was reset."))

    engine.on_answer = answer
    engine.start()
    tried.raise_up()
    tried.put_down("three failures")
    deadline_s = monotonic() + 20
    while not tried.recovered():
        assert monotonic() < deadline_s
    engine.close()
    assert engine.restarts == 1


def test_a_result_is_overdue_while_something_is_under_way() -> None:
    idle, busy = (Member(FakeEngine(), watch=Watch(stall_s=0.01)) for _ in range(2))
    busy.began(work())
    sleep(0.02)
    assert [idle.stalled, busy.stalled] == ["", "it gave no result for 0.01 s."]


class Unwalkable(set[Work]):
    """Others change it at any time, so a walk through it would fail some day."""

    def __iter__(self) -> Iterator[Work]:
        raise RuntimeError("Set changed size during iteration")


def test_the_watch_never_walks_through_what_is_under_way() -> None:
    watched = Member(FakeEngine(4), watch=Watch(idle_s=0.001))
    watched.under_way = Unwalkable()
    watched.raise_up()
    watched.began(work())
    for _ in range(FAILURES):
        watched.failed(work())
    assert (watched.stalled, watched.wants_probe, watched.room) == ("", True, 2)  # a place is kept for the probe
    probe = watched.probe()
    watched.began(probe)
    assert (watched.wants_probe, watched.room) == (False, 2)
    watched.ended(probe)
    assert watched.wants_probe


def test_the_time_of_an_image_is_learnt() -> None:
    tried, one = member(), work()
    tried.began(one)
    sleep(0.01)
    tried.answered(one)
    assert 0.01 <= tried.service.expected_s(0) < 1


def test_a_member_is_not_given_up_for_decoding_what_takes_long() -> None:
    patient = Member(FakeEngine(1), watch=Watch(stall_s=0.01))
    patient.raise_up()
    request = probe_request(1)
    patient.began(Work(replace(request, image=replace(request.image, decode_s=1.0))))
    sleep(0.05)
    assert patient.stalled == ""
    hung = Member(FakeEngine(1), watch=Watch(stall_s=0.01))
    hung.raise_up()
    hung.began(work())
    sleep(0.05)
    assert hung.stalled == "it gave no result for 0.01 s."


def test_its_status_has_the_images_that_it_took() -> None:
    well = member(under_way=3)
    well.engine.start()
    status = well.status(asked=True)
    assert (status.up, status.answers, status.in_flight, status.restarting) == (True, True, 3, False)
    well.put_down("lost")
    down = well.status(asked=False)
    assert (down.up, down.restarting, down.reason) == (False, False, "lost")  # it has no process that could begin again


@pytest.mark.parametrize(("surplus_bytes", "by_another"), [(0, False), (LARGE_BYTES, True)])
def test_a_large_image_is_handed_over_by_another_thread(surplus_bytes: int, by_another: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    tried, request, threads = member(), probe_request(1), list[threading.Thread]()
    monkeypatch.setattr(tried.engine, "take", lambda _: threads.append(threading.current_thread()))
    image = replace(request.image, data=request.image.data + bytes(surplus_bytes))
    with ThreadPoolExecutor(1) as tried.preparing:
        tried.take(Work(replace(request, image=image)))
    assert [one is not threading.current_thread() for one in threads] == [by_another]


@pytest.mark.parametrize("fault", [BlockingIOError("no process more"), MemoryError(), EOFError()])
def test_an_image_that_cannot_be_prepared_leaves_its_place(
    fault: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("server.engines.fleet.member.prepared", fail)
    tried, request, answers = member(), probe_request(1), list[Prediction | ServiceError | None]()
    tried.engine.on_answer = lambda one, outcome: answers.append(outcome) if tried.ended(one) else None
    one = Work(replace(request, id="r-1", image=replace(request.image, format=ImageFormat.HEIF)))
    with ThreadPoolExecutor(1) as tried.preparing, caplog.at_level(logging.ERROR):
        tried.began(one)
        tried.take(one)
    (answer,) = answers
    assert isinstance(answer, InternalError)
    assert not is_fault(answer)
    assert (tried.under_way, tried.room) == (set(), 4)
    assert "r-1" in str(answer)
    assert "r-1" in caplog.text
