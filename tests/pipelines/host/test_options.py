"""An observer that fails costs no frame."""

import logging

import pytest

from pipelines.host.options import HostOptions


def test_observers_are_told(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[object] = []
    options = HostOptions(on_frame=lambda *told: seen.append(told), on_batch=lambda *told: seen.append(told))
    options.frame_done("stream", 3, {"decode": 0.5})
    options.batch_done(2, 1)
    assert seen == [("stream", 3, {"decode": 0.5}), (2, 1)]
    assert not caplog.records


def test_a_failing_observer_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_told: object) -> None:
        raise RuntimeError("observer")

    with caplog.at_level(logging.ERROR):
        HostOptions(on_frame=broken).frame_done("stream", 3, {})
        HostOptions(on_batch=broken).batch_done(1, 0)
    assert [record.message for record in caplog.records] == ["on_frame failed for frame 3 of stream stream", "on_batch failed"]
