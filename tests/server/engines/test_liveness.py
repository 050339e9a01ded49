"""When an engine counts as hanging, and how long it is left alone."""

from server.engines.liveness import BackOff, Liveness


def test_only_what_is_under_way_can_stall() -> None:
    liveness = Liveness(stall_s=-1)
    assert liveness.stalled(1)
    assert not liveness.stalled(0)
    assert not Liveness(stall_s=10).stalled(1)


def test_each_failure_doubles_the_wait_until_it_goes_well_again() -> None:
    back_off = BackOff(0.5, most_s=3, well_s=60)
    assert [back_off.failed(now_s) for now_s in (0, 1, 2, 3, 4)] == [0.5, 1, 2, 3, 3]
    assert back_off.failed(100) == 0.5
