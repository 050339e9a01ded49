"""Four times as many images as an engine can do, with little time each: the engine works for those it can answer in time."""

from concurrent.futures import Future
from time import monotonic, sleep

import pytest

from server.engines.fake_engine import FakeEngine
from server.engines.fleet.fleet import Fleet
from server.engines.probe import probe_request
from server.errors import DeadlineExceeded
from server.types import Prediction

LATENCY_S = 0.05
RUSH_S = 2.5


class Counts:
    """How the images of a rush ended."""

    def __init__(self) -> None:
        self.in_time = self.late = self.dropped = 0

    def note(self, future: Future[Prediction], deadline_s: float) -> None:
        if isinstance(future.exception(), DeadlineExceeded):
            self.dropped += 1
        elif monotonic() <= deadline_s:
            self.in_time += 1
        else:
            self.late += 1


@pytest.mark.parametrize(("places", "images_of_time"), [(8, 4), (64, 4)])
def test_an_engine_in_a_rush_works_for_those_it_answers_in_time(places: int, images_of_time: int) -> None:
    """An image's time is that of so many images. With one mean for all, 64 places and the time of 4, it was 3 of 100."""
    fleet, counts = Fleet.of(FakeEngine(places, LATENCY_S), 1000), Counts()
    fleet.start()
    began_s, sent = monotonic(), 0
    while monotonic() < began_s + RUSH_S:
        request = probe_request(images_of_time * LATENCY_S)
        fleet.submit(request).add_done_callback(lambda future, deadline_s=request.deadline_s: counts.note(future, deadline_s))  # type: ignore[misc]
        sent += 1
        sleep(max(0.0, began_s + sent * LATENCY_S / 4 - monotonic()))
    fleet.close(5)
    worked = counts.in_time + counts.late
    assert worked + counts.dropped == sent
    print(vars(counts))  # noqa: T201
    assert worked > 0.4 * RUSH_S / LATENCY_S, vars(counts)  # it was not kept idle
    assert counts.in_time > 0.6 * worked, vars(counts)  # 0.85 to 0.95, when this machine does nothing else
