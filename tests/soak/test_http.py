"""Wrong requests. `make attack` sends 10,000, `make soak` goes on."""

from tests.part_or_all import some_or_many
from tests.soak.hostile_server import hostile_server
from tests.soak.http import send_requests


@some_or_many("requests", 500, 2_000)
def test_wrong_requests_break_nothing(requests: int) -> None:
    with hostile_server("stream", python=()) as server:
        run = send_requests(server, 4, range(requests))
        assert server.troubles() == []
    assert run.faults == []
    assert run.sent == requests
    assert run.statuses[200] > requests / 50  # a quarter on a quiet machine; on a busy one many clients leave before their answer
