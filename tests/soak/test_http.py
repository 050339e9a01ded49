"""Wrong requests. `make attack` sends 10,000, `make soak` goes on."""

from tests.soak.hostile_server import hostile_server
from tests.soak.http import send_requests

REQUESTS = 2_000


def test_wrong_requests_break_nothing() -> None:
    with hostile_server("stream") as server:
        run = send_requests(server, 4, range(REQUESTS))
        assert server.troubles() == []
    assert run.faults == []
    assert run.sent == REQUESTS
    assert run.statuses[200] > REQUESTS / 5
