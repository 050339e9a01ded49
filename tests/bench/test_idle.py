"""Idle connections, and what the table says of them."""

from pathlib import Path

from tests.bench.client import Figures
from tests.bench.idle import Cost, costs, hold
from tests.level_model import level_png
from tests.server.process import ServerProcess

FIGURES = Figures(rate=1000.4, p50_ms=2, p99_ms=9.96, refusal_p99_ms=0, statuses={"200": 1}, answered=1, unsent=0, client_cores=0.1)


def test_a_line_of_the_table() -> None:
    assert str(Cost(0, 100 * 2**20, 0, FIGURES)) == "| 0 | 100 |  | 1000 | 10.0 |"
    assert str(Cost(256, 101 * 2**20, 2**20, FIGURES)) == "| 256 | 101 | 4.0 | 1000 | 10.0 |"


def test_connections_are_held_open(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(level_png(12))
    with ServerProcess(engines="fake") as server:
        held = hold(server.url, photo, 5)
        assert server.metric("classify_http_requests_total", code="200", endpoint="/classify") == 5
        for connection in held:
            connection.auto_open = 0  # the same connection or none
            connection.request("GET", "/health/live")
            assert connection.getresponse().read()
            connection.close()


def test_active_connections_are_answered_beside_them(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(level_png(12))
    [cost] = costs([20], photo, seconds=0.2)
    assert cost.idle == 20
    assert set(cost.active["statuses"]) == {"200"}
    assert cost.grown_bytes < cost.resident_bytes
