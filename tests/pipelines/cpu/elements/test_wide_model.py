import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest

from models.store import ModelStore, StoredModel
from pipelines.cpu import CpuOptions, CpuStreamManager
from pipelines.cpu.busy_threads import BUSY
from pipelines.cpu.elements import wide_model
from pipelines.cpu.elements.compiled_model import CpuModel
from pipelines.cpu.elements.wide_model import Slot, WideModel, open_slot
from tests.bench.small_model import CLASSES, SIDE_PX, small_graph
from tests.level_model import level_png
from tests.pipelines.cpu.pipelines_made import ask, best, classifying, create


@pytest.fixture(autouse=True)
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wide_model, "SETTLED_S", 0.0)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "small.onnx"
    path.write_bytes(small_graph().SerializeToString())
    return path


def made(wide: WideModel) -> Slot:
    """Its slot, taken as soon as it is compiled."""
    until_s = monotonic() + 30
    while (slot := wide.take()) is None and monotonic() < until_s:
        sleep(0.01)
    assert slot
    return slot


def pictures(count: int) -> list[np.ndarray]:
    chance = np.random.default_rng(7)
    return [chance.integers(0, 256, (SIDE_PX, SIDE_PX, 3), np.uint8) for _ in range(count)]


def test_the_scores_of_both_are_equal_to_the_last_bit(small: Path) -> None:
    model = CpuModel(small)
    narrow, wide = model.runner(), model.runner(latency=True)
    assert wide._wide
    made(wide._wide)
    wide._wide.give_back()
    seen = []
    for picture in pictures(8):
        [(one,)], [(other,)] = narrow.run([picture], 1), wide.run([picture], 1)
        assert one.shape == (1, CLASSES)
        assert one.tobytes() == other.tobytes()
        seen.append(one.tobytes())
        assert wide._wide._slot
        assert np.array_equal(wide._wide._slot.pixels[0], picture)  # so it was the one that ran
    assert len(set(seen)) == 8


def test_so_they_are_of_the_default_model(model_store: ModelStore) -> None:
    model = CpuModel(model_store.open("efficientnet_lite0").check_artifact("cpu")[1])
    narrow, wide = model.runner(), model.runner(latency=True)._wide
    assert wide
    slot = made(wide)
    for picture in pictures(3):
        slot.pixels[0] = picture
        slot.request.infer()
        assert narrow.run([picture], 1)[0][0].tobytes() == slot.outputs[0].tobytes()


def test_one_thread_for_each_core_is_another_sum_of_the_same_bits(small: Path) -> None:
    runners = [CpuModel(small, threads).runner() for threads in (1, 2)]
    for picture in pictures(4):
        [(one,)], [(other,)] = (runner.run([picture], 1) for runner in runners)
        assert one.tobytes() == other.tobytes()


def test_a_second_caller_gets_none_until_it_is_given_back(small: Path) -> None:
    model = CpuModel(small)
    wide = WideModel(model.compiled(1), small, {})
    slot = made(wide)
    assert wide.take() is None
    wide.give_back()
    assert wide.take() is slot


def test_beside_another_busy_thread_it_is_not_used_nor_compiled(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[Callable[[], None]] = []
    monkeypatch.setattr(WideModel, "_make", lambda self: compiled.append(self.take))
    wide = WideModel(CpuModel(small).compiled(1), small, {})
    for _ in range(2):
        BUSY.begin()
    try:
        assert wide.take() is None
    finally:
        for _ in range(2):
            BUSY.end()
    assert not compiled
    assert wide.take() is None
    assert wide.take() is None
    until_s = monotonic() + 30
    while not compiled and monotonic() < until_s:
        sleep(0.01)
    assert len(compiled) == 1


def test_not_while_a_server_starts(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wide_model, "SETTLED_S", 3600.0)
    wide = WideModel(CpuModel(small).compiled(1), small, {})
    assert wide.take() is None
    assert "wide-model" not in {thread.name for thread in threading.enumerate()}


def test_what_it_cost_is_told(small: Path, caplog: pytest.LogCaptureFixture) -> None:
    wide = WideModel(CpuModel(small).compiled(1), small, {})
    with caplog.at_level(logging.INFO):
        made(wide)
    [record] = [record.message for record in caplog.records if "small.onnx" in record.message]
    assert record.startswith("model small.onnx is compiled for all cores too: some ")
    assert record.endswith(" MB (its file has 1 MB)")


def test_a_model_that_cannot_be_compiled_again_is_served_by_one_core(small: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = CpuModel(small)
    model._config["NOT_A_PROPERTY"] = "1"
    runner = model.runner(latency=True)
    [picture] = pictures(1)
    runner.run([picture], 1)
    until_s = monotonic() + 30
    while not caplog.records and monotonic() < until_s:
        sleep(0.01)
    assert "cannot be compiled for all cores, so single pictures are inferred by one: " in caplog.records[0].message
    assert runner.run([picture], 1)[0][0].shape == (1, CLASSES)


def test_a_model_from_the_cache_has_a_second_one_too(small: Path, tmp_path: Path) -> None:
    """A server's second start: what OpenVINO loads from its cache and exports, it cannot import."""
    CpuModel(small, cache=tmp_path / "cache")
    narrow = CpuModel(small, cache=tmp_path / "cache").compiled(1)
    assert narrow.get_property("LOADED_FROM_CACHE")
    wide = made(WideModel(narrow, small, {"INFERENCE_PRECISION_HINT": "f32"}))
    one = open_slot(narrow)
    [picture] = pictures(1)
    for slot in (one, wide):
        slot.pixels[0] = picture
        slot.request.infer()
    assert (wide.outputs[0] == one.outputs[0]).all()


def test_not_from_a_file_that_was_replaced(small: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = Path(shutil.copy(small, tmp_path / "small.onnx"))
    CpuModel(path, cache=tmp_path / "cache")
    wide = WideModel(CpuModel(path, cache=tmp_path / "cache").compiled(1), path, {})
    Path(shutil.copy(small, tmp_path / "other.onnx")).rename(path)
    wide.take()
    until_s = monotonic() + 30
    while not caplog.records and monotonic() < until_s:
        sleep(0.01)
    assert caplog.records[-1].message.endswith("so single pictures are inferred by one: the file was replaced")


@pytest.mark.parametrize(
    ("options", "wanted"), [(CpuOptions(), False), (CpuOptions(latency=True), True), (CpuOptions(latency=True, strict=True), False)]
)
def test_the_option_of_the_runtime(level: StoredModel, options: CpuOptions, wanted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(WideModel, "take", lambda _self: asked.append(True))
    manager = CpuStreamManager(options)
    manager.InitManager()
    create(manager, s=classifying(level))
    assert best(ask(manager, b"s", level_png(40))) == 10
    manager.DestroyAllStreams()
    assert bool(asked) is wanted


def test_a_picture_alone_in_a_stream_uses_it(level: StoredModel, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bool] = []
    take = WideModel.take

    def told(self: WideModel) -> Slot | None:
        slot = take(self)
        taken.append(slot is not None)
        return slot

    monkeypatch.setattr(WideModel, "take", told)
    manager = CpuStreamManager(CpuOptions(latency=True))
    manager.InitManager()
    create(manager, s=classifying(level))
    until_s = monotonic() + 30
    while True not in taken and monotonic() < until_s:
        assert best(ask(manager, b"s", level_png(40))) == 10
    assert taken[-1]
    assert best(ask(manager, b"s", level_png(80))) == 20
    manager.DestroyAllStreams()
