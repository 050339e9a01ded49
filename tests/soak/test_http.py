"""20,000 wrong requests. `make soak` sends them for an hour."""

import time

from tests.soak.http import report, soak

REQUESTS = 20_000
GROWTH_KB = 20_000


def test_wrong_requests_break_nothing() -> None:
    began_s = time.monotonic()
    run = soak(seed=4, requests=REQUESTS)
    print(report(run, time.monotonic() - began_s))  # noqa: T201 - the figures are the point
    assert run.faults == []
    assert run.sent == REQUESTS
    assert run.memory_kb[-1] - run.memory_kb[0] < GROWTH_KB
    assert run.statuses[200] > REQUESTS / 5
