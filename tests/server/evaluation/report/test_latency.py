"""Percentiles from bins of one percent, against those of the sorted durations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.evaluation.report.latency import LatencyHistogram

durations_ms = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=200)


@given(durations_ms, st.sampled_from((0.5, 0.9, 0.99, 1.0)))
def test_a_percentile_is_right_within_half_a_percent(found_ms: list[float], share: float) -> None:
    durations = LatencyHistogram()
    for elapsed_ms in found_ms:
        durations.add(elapsed_ms)
    expected = float(np.percentile(found_ms, share * 100, method="inverted_cdf"))
    assert durations.percentile(share) == pytest.approx(expected, rel=0.00501)


@given(durations_ms)
def test_percentiles_rise_to_the_maximum(found_ms: list[float]) -> None:
    durations = LatencyHistogram()
    for elapsed_ms in found_ms:
        durations.add(elapsed_ms)
    found = durations.percentiles()
    assert found.p50_ms <= found.p90_ms <= found.p95_ms <= found.p99_ms <= found.p999_ms <= found.max_ms == max(found_ms)
    assert found.mean_ms == pytest.approx(np.mean(found_ms))
    assert found.count == len(found_ms)


def test_a_stage_that_took_no_time_at_all() -> None:
    durations = LatencyHistogram()
    durations.add(0.0)
    assert durations.percentiles().p50_ms == 0.0


def test_of_nothing_there_is_no_percentile() -> None:
    with pytest.raises(ValueError, match="no durations"):
        LatencyHistogram().percentile(0.5)
