"""The cheap histogram says what the library's says."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from server.telemetry.durations import Durations

BOUNDS_S = (0.001, 0.01, 0.5)


@given(st.lists(st.tuples(st.sampled_from(["decode", "infer"]), st.sampled_from([0.0, 0.001, 0.0011, 0.01, 0.3, 0.5, 7.0]))))
def test_it_renders_as_the_librarys_histogram(observed: list[tuple[str, float]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    durations = Durations("stage_seconds", "Time.", "stage", BOUNDS_S)
    ours.register(durations)
    histogram = Histogram("stage_seconds", "Time.", ("stage",), buckets=BOUNDS_S, registry=theirs)
    for stage, elapsed_s in observed:
        durations.observe(stage, elapsed_s)
        histogram.labels(stage).observe(elapsed_s)
    expected = [line for line in generate_latest(theirs).decode().splitlines() if "_created" not in line]
    assert generate_latest(ours).decode().splitlines() == expected


def test_a_stage_that_never_was_is_not_there() -> None:
    [family] = Durations("a", "A.", "stage", BOUNDS_S).collect()
    assert family.samples == []
