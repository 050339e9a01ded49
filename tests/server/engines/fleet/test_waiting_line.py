"""Who goes next."""

from time import monotonic

from server.engines.fake_engine import FakeEngine
from server.engines.fleet.member import Member
from server.engines.fleet.waiting_line import WaitingLine
from server.engines.probe import probe_request
from server.engines.work import Work


def work(timeout_s: float = 10) -> Work:
    return Work(probe_request(timeout_s))


def member(places: int = 8) -> Member:
    found = Member(FakeEngine(places))
    found.raise_up()
    return found


def waiting_for(*works: Work) -> WaitingLine:
    waiting = WaitingLine()
    for one in works:
        waiting.append(one)
    return waiting


def test_in_order_as_far_as_there_is_room() -> None:
    works, two = [work() for _ in range(3)], member(places=2)
    waiting = waiting_for(*works)
    assert [waiting.next([[two]]) for _ in range(3)] == [(works[0], two), (works[1], two), None]
    assert len(waiting) == 1


def test_what_was_abandoned_costs_nothing() -> None:
    gone, wanted, one = work(), work(), member()
    gone.request = None
    assert waiting_for(gone, wanted).next([[one]]) == (wanted, one)


def test_what_is_tried_again_goes_first_and_elsewhere_and_holds_nobody_up() -> None:
    failed, full, again, new = member(), member(places=0), work(), work()
    again.avoid = failed
    waiting = waiting_for(new)
    waiting.put_first(again)
    assert waiting.next([[failed, full]]) == (new, failed)
    assert waiting.next([[failed, full]]) is None
    full.put_down("broken")
    assert waiting.next([[failed, full]]) == (again, failed)


def test_what_cannot_be_answered_in_time_is_dropped_when_more_waits() -> None:
    slow, hurried, patient = member(), work(timeout_s=0.5), work()
    slow.service_s = 1.0
    waiting = waiting_for(hurried, patient)
    assert waiting.next([[slow]]) == (hurried, None)
    assert waiting.next([[slow]]) == (patient, slow)
    assert waiting_for(hurried).next([[slow]]) == (hurried, slow)


def test_whose_time_is_over_is_taken_out() -> None:
    late, early = work(timeout_s=0), work()
    waiting = waiting_for(late, early)
    assert waiting.take_overdue(monotonic()) == [late]
    assert len(waiting) == 1
