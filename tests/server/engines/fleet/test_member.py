"""The breaker of one engine."""

from time import sleep

from server.engines.fake_engine import FakeEngine
from server.engines.fleet.member import FAILURES, Attempt, Member, is_fault
from server.engines.probe import probe_request
from server.engines.work import Work
from server.errors import DeadlineExceeded, EngineFailed, EngineUnavailable, UndecodableImage


def test_whose_fault_it_is() -> None:
    assert [is_fault(error) for error in (EngineFailed(""), EngineUnavailable(""), ValueError())] == [True] * 3
    assert [is_fault(error) for error in (None, UndecodableImage(""), DeadlineExceeded(""))] == [False] * 3


def test_failures_count_in_a_row() -> None:
    member = Member(FakeEngine())
    assert [member.failed_too_often(EngineFailed("")) for _ in range(FAILURES)] == [False, False, True]
    assert not member.failed_too_often(None)
    assert not member.failed_too_often(EngineFailed(""))


def test_an_image_that_was_given_up_is_not_counted_twice() -> None:
    member = Member(FakeEngine())
    attempt = Attempt(Work(probe_request(1)), member)
    member.began(attempt)
    assert [member.ended(attempt), member.ended(attempt)] == [True, False]


def test_a_link_that_is_down_is_up_again_when_a_probe_is_answered() -> None:
    engine = FakeEngine()
    member = Member(engine, back_off_s=0)
    engine.start()
    member.raise_up()
    assert [member.put_down("broken"), member.put_down("broken")] == [True, False]
    while not member.recovered():
        pass
    engine.close(0)


def test_a_result_is_overdue_while_something_is_under_way() -> None:
    idle, member = Member(FakeEngine(), stall_s=0.01), Member(FakeEngine(), stall_s=0.01)
    member.began(Attempt(Work(probe_request(1)), member))
    sleep(0.02)
    member.put_down("broken")
    assert [idle.stalled, member.stalled] == ["", "no result for 0.01 s"]
