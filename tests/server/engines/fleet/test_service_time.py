"""What an image is expected to take."""

from server.engines.fleet.service_time import FRESH_S, ServiceTime


def test_nothing_is_expected_before_a_measurement() -> None:
    assert ServiceTime().expected_s(5, 0.0) == 0.0


def test_those_ahead_count_and_the_nearest_measurement_below_serves() -> None:
    service = ServiceTime()
    service.measured(0, 0.1, 0.0)
    service.measured(4, 0.5, 0.0)
    assert [service.expected_s(ahead, 0.1) for ahead in (0, 3, 4, 9)] == [0.1, 0.1, 0.5, 0.5]


def test_what_varies_is_expected_later_than_its_mean() -> None:
    service = ServiceTime()
    for turn in range(200):
        service.measured(0, 0.1 + 0.02 * (turn % 2), 0.0)
    assert 0.11 + 0.015 < service.expected_s(0, 0.0) < 0.11 + 0.025  # the deviation is 0.01, and counts twice


def test_one_slow_moment_is_forgotten() -> None:
    service, later_s = ServiceTime(), FRESH_S + 0.01
    service.measured(2, 30.0, 0.0)
    assert service.expected_s(2, FRESH_S) == 30.0
    assert [service.expected_s(2, later_s), service.expected_s(2, later_s)] == [0.0, 30.0]  # one is let in
    service.measured(2, 0.1, later_s)
    assert service.expected_s(2, later_s) == 0.1
