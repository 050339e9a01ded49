"""Lines, added up: old and new ones, damaged ones, and any that a stranger could write."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.statistics_sums import Fill, Rates, StatisticsSums, Times

E2E = {
    "average": "45138",
    "frequency": "3",
    "maxTime": "73058",
    "minTime": "30511",
    "streamName": "s",
    "totalTime": "135416",
    "type": "e2e",
    "updateTime": "2021-03-29 20:13:59.717927",
}
RATE = {"streamName": "s", "throughput": 3, "throughputRate": 0.5, "type": "throughputRate", "updateTime": "2021-03-29 20:13:59.721819"}
QUEUE = {
    "curSize": 0,
    "elementName": "queue0",
    "intervalTime": 50000,
    "maxSize": 7,
    "maxSizeBuffers": 200,
    "recentSize": [0, 7, 2, 0],
    "streamName": "s",
    "type": "queueSize",
    "updateTime": "2021-03-29 20:14:45.953312",
}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text("019.-einf", max_size=6)
JSON = SCALARS | st.lists(SCALARS, max_size=3)


def sums_of(folder: Path, *lines: object) -> StatisticsSums:
    path = folder / "s.log.e2e.x"
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    sums = StatisticsSums()
    sums.add_file(path)
    return sums


def test_times_add_up_and_an_idle_report_says_nothing(tmp_path: Path) -> None:
    idle = E2E | dict.fromkeys(("average", "frequency", "maxTime", "minTime", "totalTime"), "0")
    sums = sums_of(tmp_path, E2E, idle, E2E | {"frequency": 1, "maxTime": 4584, "minTime": 4584, "totalTime": 4584})
    assert sums.e2e["s"].numbers() == (4, 35.0, 73.058, 4.584)
    assert (sums.read, sums.skipped) == (3, 0)


def test_the_mean_rate_is_over_the_busy_intervals(tmp_path: Path) -> None:
    idle, busy = RATE | {"throughput": 0, "throughputRate": 0.0}, RATE | {"throughput": 60, "throughputRate": 10.0}
    assert sums_of(tmp_path, RATE, idle, busy).rates["s"].numbers() == (63, 3, 2, 63 / 12, 10.0)


def test_the_maximum_is_not_that_of_a_cut_off_interval(tmp_path: Path) -> None:
    end = RATE | {"throughput": 2, "throughputRate": 400.0}
    assert sums_of(tmp_path, RATE, end).rates["s"].numbers()[-1] == 0.5
    assert sums_of(tmp_path, end).rates["s"].numbers()[-1] == 400.0


def test_queues_are_averaged_over_the_looks(tmp_path: Path) -> None:
    sums = sums_of(tmp_path, QUEUE, QUEUE | {"recentSize": [3] * 2, "maxSize": 3})
    assert sums.queues["s", "queue0"].numbers() == (200, 6, 2.5, 7, 0.0125, 0.035)


def test_the_span_of_time_is_told(tmp_path: Path) -> None:
    sums = sums_of(tmp_path, QUEUE, E2E, {key: value for key, value in RATE.items() if key != "updateTime"})
    assert (sums.read, sums.updates) == (3, ("2021-03-29 20:13:59.717927", "2021-03-29 20:14:45.953312"))


@pytest.mark.parametrize(
    "line",
    [
        '{"average":"45138","frequency":"3","maxT',
        "",
        "null",
        "[" * 60_000,
        '{"type": "e2e"}' + " " * 70_000,
        E2E | {"frequency": "three"},
        E2E | {"frequency": -1},
        E2E | {"frequency": 10**400},
        E2E | {"totalTime": "9" * 5000},
        E2E | {"totalTime": "1e300"},
        E2E | {"maxTime": None},
        E2E | {"streamName": 5},
        E2E | {"type": "other"},
        {key: value for key, value in E2E.items() if key != "minTime"},
        RATE | {"throughputRate": "nan"},
        RATE | {"throughputRate": 1e-300},
        QUEUE | {"recentSize": 7},
        QUEUE | {"recentSize": [1, -1]},
    ],
    ids=lambda line: str(line)[:40],
)
def test_a_damaged_line_is_skipped_whole(tmp_path: Path, line: object) -> None:
    sums = sums_of(tmp_path, line, E2E)
    assert (sums.read, sums.skipped) == (1, 1)
    assert (list(sums.e2e), list(sums.rates), list(sums.queues)) == (["s"], [], [])
    assert sums.e2e["s"].numbers()[0] == 3


@given(st.sampled_from([E2E, RATE, QUEUE]), st.dictionaries(st.sampled_from([*E2E, *RATE, *QUEUE]), JSON, max_size=3))
def test_whatever_a_line_holds_the_sums_can_be_told(
    tmp_path_factory: pytest.TempPathFactory, line: dict[str, object], changes: dict[str, object]
) -> None:
    sums = sums_of(tmp_path_factory.mktemp("statistics"), line | changes)
    assert sums.read + sums.skipped == 1
    told = [*map(Times.numbers, sums.e2e.values()), *map(Rates.numbers, sums.rates.values()), *map(Fill.numbers, sums.queues.values())]
    assert all(number >= 0 for numbers in told for number in numbers)
