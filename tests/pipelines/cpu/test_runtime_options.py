"""An observer that fails costs no frame."""

import logging
from queue import SimpleQueue

import pytest

from models.store import StoredModel
from pipelines.cpu import CpuStreamManager
from pipelines.cpu.runtime_options import CpuOptions
from tests.level_model import level_png
from tests.pipelines.cpu.pipelines_made import best, classifying, create, send


def test_observers_are_told(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[object] = []

    def note(*told: object) -> None:
        seen.append(told)

    options = CpuOptions(on_frame=note, on_result=note, on_batch=note)
    options.frame_done("stream", 3, {"decode": 0.5})
    options.result_ready("stream", 3)
    options.batch_done(2, 1)
    assert seen == [("stream", 3, {"decode": 0.5}), ("stream", 3), (2, 1)]
    assert not caplog.records


def test_a_failing_observer_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_told: object) -> None:
        raise RuntimeError("observer")

    with caplog.at_level(logging.ERROR):
        CpuOptions(on_frame=broken).frame_done("stream", 3, {})
        CpuOptions(on_result=broken).result_ready("stream", 3)
        CpuOptions(on_batch=broken).batch_done(1, 0)
    assert [record.message for record in caplog.records] == [
        "on_frame failed for frame 3 of stream stream",
        "on_result failed for frame 3 of stream stream",
        "on_batch failed",
    ]


def test_a_result_can_be_fetched_once_its_observer_is_told(level: StoredModel) -> None:
    found: SimpleQueue[tuple[int, int]] = SimpleQueue()

    def take_out(stream: str, unique_id: int) -> None:
        output = manager.GetResultWithUniqueId(stream.encode(), unique_id, 0)
        found.put((unique_id, best(output)))

    manager = CpuStreamManager(CpuOptions(on_result=take_out))
    manager.InitManager()
    create(manager, s=classifying(level))
    for class_id in (7, 9):
        send(manager, b"s", level_png(4 * class_id))
    assert [found.get(timeout=30), found.get(timeout=30)] == [(0, 7), (1, 9)]
    manager.DestroyAllStreams()


def test_strict_has_no_precision() -> None:
    assert CpuOptions(precision="bf16").precision == "bf16"
    with pytest.raises(ValueError, match="the vendor's engine, which has no precision bf16"):
        CpuOptions(strict=True, precision="bf16")


def test_strict_knows_no_reduced_decode() -> None:
    with pytest.raises(ValueError, match="no reduced decode"):
        CpuOptions(strict=True, decode="reduced")
