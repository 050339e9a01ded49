"""One at a time."""

from server.engines.fleet.quarantine import Quarantine, Quarantined
from server.engines.probe import probe_request
from server.engines.work import Work
from server.errors import EngineLost


def suspect(timeout_s: float = 10) -> Quarantined:
    request = probe_request(timeout_s)
    return Quarantined(Work(request), request, EngineLost("gone"))


def test_one_is_tried_at_a_time() -> None:
    suspects, first, second = Quarantine(), suspect(), suspect()
    suspects.add(first)
    suspects.add(second)
    assert [suspects.begin(), suspects.begin()] == [first, None]
    suspects.end(again=first)
    assert suspects.begin() is first
    suspects.end()
    assert suspects.begin() is second
    assert len(suspects) == 0


def test_who_gave_up_is_not_tried() -> None:
    suspects, gone, left = Quarantine(), suspect(), suspect()
    suspects.add(gone)
    suspects.add(left)
    gone.work.request = None
    assert suspects.begin() is left


def test_whose_time_is_over_waits_no_more() -> None:
    suspects, late, early = Quarantine(), suspect(timeout_s=0), suspect()
    suspects.add(late)
    suspects.add(early)
    assert suspects.take_overdue(late.request.deadline_s) == [late.work]
    assert suspects.begin() is early
