"""Wrong requests. `make soak` sends them for an hour."""

import time

from tests.part_or_all import some_or_many
from tests.soak.http import report, soak

GROWTH_KB = 20_000


@some_or_many("requests", 2_000, 20_000)
def test_wrong_requests_break_nothing(requests: int) -> None:
    began_s = time.monotonic()
    run = soak(seed=4, requests=requests)
    print(report(run, time.monotonic() - began_s))  # noqa: T201 - the figures are the point
    assert run.faults == []
    assert run.sent == requests
    assert run.memory_kb[-1] - run.memory_kb[0] < GROWTH_KB
    assert run.statuses[200] > requests / 5
