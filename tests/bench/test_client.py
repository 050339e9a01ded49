"""The load client against real servers."""

from collections.abc import Iterator
from math import isnan
from pathlib import Path

import pytest

from tests.bench.client import Answered, Load, figures, percentile_ms, run
from tests.level_model import level_png, store_level_model
from tests.server.process import ServerProcess


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    path.write_bytes(level_png(12))
    return str(path)


@pytest.fixture
def quick_server() -> Iterator[ServerProcess]:
    with ServerProcess(engines="fake") as server:
        yield server


@pytest.mark.parametrize(
    ("count", "percent", "rank"), [(1, 50, 1), (1, 99, 1), (2, 50, 1), (3, 50, 2), (4, 75, 3), (100, 99, 99), (101, 99, 100), (10, 100, 10)]
)
def test_a_percentile_is_one_of_the_values(count: int, percent: float, rank: int) -> None:
    latencies_s = [number / 1000 for number in range(count, 0, -1)]
    assert percentile_ms(latencies_s, percent) == rank


def test_no_value_has_no_percentile() -> None:
    assert isnan(percentile_ms([], 99))


def test_refusals_and_lost_answers_are_not_latencies() -> None:
    found = figures([Answered(200, 1, 0.010), Answered(200, 1, 0.030), Answered(429, 1, 0.001), Answered(0, 1, 9.0)], seconds=2)
    assert (found["rate"], found["answered"], found["statuses"]) == (1.0, 2, {"0": 1, "200": 2, "429": 1})
    assert (found["p50_ms"], found["p99_ms"], found["refusal_p99_ms"]) == (10, 30, 1)


def test_a_closed_loop_counts_what_the_server_counts(quick_server: ServerProcess, photo: str) -> None:
    found = run(Load(quick_server.url, photo, connections=4, seconds=0.5))
    counted = quick_server.metric("classify_http_requests_total", endpoint="/classify", code="200")
    assert set(found["statuses"]) == {"200"}
    assert 0 <= counted - found["answered"] <= 4  # what was on its way when the client ended
    assert 0 < found["statuses"]["200"] < found["answered"]  # those of the warm-up are counted, and not measured
    assert found["rate"] == found["statuses"]["200"] / 0.5
    assert 0 < found["p50_ms"] <= found["p99_ms"] < 500
    assert 0 < found["client_cores"] <= 1
    assert found["unsent"] == 0


def test_an_open_loop_sends_at_its_rate(quick_server: ServerProcess, photo: str) -> None:
    found = run(Load(quick_server.url, photo, connections=64, seconds=2, rate=100))
    assert found["statuses"]["200"] == pytest.approx(200, abs=4 * 200**0.5)  # of a Poisson process
    assert found["unsent"] == 0


def test_an_open_loop_counts_from_the_instant_a_request_was_due(tmp_path: Path) -> None:
    store_level_model(tmp_path)
    photo = tmp_path / "photo.png"
    photo.write_bytes(level_png(8, 1000))
    with ServerProcess(model_store=tmp_path, model="level") as server:
        able = run(Load(server.url, str(photo), connections=1, seconds=0.5))
        found = run(Load(server.url, str(photo), connections=1, seconds=1, rate=4 * able["rate"]))
    assert found["p50_ms"] > 4 * able["p50_ms"]
    assert found["unsent"] > 0


def test_a_server_that_is_not_there_answers_nothing(photo: str) -> None:
    found = run(Load("http://127.0.0.1:1", photo, connections=2, seconds=0.1))
    assert (found["answered"], found["rate"]) == (0, 0)
