"""One at a time."""

from server.engines.fleet.quarantine import Quarantine
from server.engines.probe import probe_request
from server.engines.work import Work


def suspect(timeout_s: float = 10) -> Work:
    return Work(probe_request(timeout_s))


def test_one_is_tried_at_a_time_until_it_is_answered_or_given_up() -> None:
    quarantine, first, second = Quarantine(), suspect(), suspect()
    quarantine.add(first)
    quarantine.add(second)
    assert [quarantine.begin(), quarantine.begin()] == [first, None]
    first.request = None
    assert quarantine.begin() is second
    assert not quarantine


def test_who_gave_up_is_not_tried() -> None:
    quarantine, gone, left = Quarantine(), suspect(), suspect()
    quarantine.add(gone)
    quarantine.add(left)
    gone.request = None
    assert quarantine.begin() is left


def test_whose_time_is_over_is_told() -> None:
    quarantine, late, early = Quarantine(), suspect(timeout_s=0), suspect()
    quarantine.add(late)
    quarantine.add(early)
    assert late.request
    assert quarantine.overdue(late.request.deadline_s) == [late]
