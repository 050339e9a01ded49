import gc
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from weakref import ref

import pytest

from models.store import StoredModel
from pipelines.cpu import CpuOptions, CpuStreamManager, stream
from pipelines.cpu.elements.appsrc import IN_FLIGHT
from pipelines.cpu.elements.compiled_model import load_model
from pipelines.cpu.results import QUEUE_CAPACITY
from tests.level_model import level_png
from tests.pipelines.cpu.pipelines_made import (
    BROKEN,
    HOUR_MS,
    Elements,
    ask,
    best,
    chained,
    classifying,
    create,
    fetch,
    input_of,
    send,
    text_of,
)

TIMED_OUT = (6010, b"Time out, can not get result in time.")
NOTHING = (1002, b' (Code = 1002, Message = "Internal error") ')


class Gate:
    """An observer that holds up the stream at the end of every frame until it is opened."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        self.frames = 0

    def __call__(self, *_: object) -> None:
        self.frames += 1
        self.reached.set()
        assert self.opened.wait(30)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def gated(gate: Gate, level: StoredModel) -> Iterator[CpuStreamManager]:
    """A manager with a stream `s` that stands still at the gate."""
    manager = CpuStreamManager(CpuOptions(on_frame=gate))
    manager.InitManager()
    create(manager, s=classifying(level))
    yield manager
    gate.opened.set()
    manager.DestroyAllStreams()


def test_results_come_in_the_order_of_the_sends(manager: CpuStreamManager, level: StoredModel) -> None:
    create(manager, s=classifying(level))
    for class_id in range(20):
        manager.SendData(b"s", 0, input_of(level_png(4 * class_id)))
    assert [best(manager.GetResult(b"s", 0)) for _ in range(20)] == list(range(20))


def test_results_are_fetched_by_id_in_any_order(manager: CpuStreamManager, level: StoredModel) -> None:
    create(manager, s=classifying(level))
    ids = [send(manager, b"s", level_png(4 * class_id)) for class_id in range(20)]
    assert ids == list(range(20))
    assert [best(fetch(manager, b"s", unique_id)) for unique_id in reversed(ids)] == list(reversed(range(20)))


def test_failed_frames_keep_their_place(manager: CpuStreamManager, level4: StoredModel) -> None:
    create(manager, s=classifying(level4, infer={"waitingTime": HOUR_MS}))
    images = [BROKEN, level_png(4), BROKEN, level_png(8), level_png(12), level_png(16), BROKEN]
    for image in images:
        manager.SendData(b"s", 0, input_of(image))
    outputs = [manager.GetResult(b"s", 0) for _ in images]
    assert [output.errorCode for output in outputs] == [1004, 0, 1004, 0, 0, 0, 1004]
    assert [best(outputs[place]) for place in (1, 3, 4, 5)] == [1, 2, 3, 4]


def test_a_result_that_does_not_come_in_time(gated: CpuStreamManager, gate: Gate) -> None:
    unique_id = send(gated, b"s", level_png(0))
    output = gated.GetResultWithUniqueId(b"s", unique_id, 1)
    assert (output.errorCode, output.data) == TIMED_OUT
    gate.opened.set()
    assert best(fetch(gated, b"s", unique_id)) == 0


def test_a_full_stream_refuses_after_a_while(gated: CpuStreamManager, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SEND_WAIT_S", 0.01)
    ids = [send(gated, b"s", level_png(4 * number)) for number in range(IN_FLIGHT + 1)]
    assert ids == [0, 1, 2, -1]
    gate.opened.set()
    assert [best(fetch(gated, b"s", unique_id)) for unique_id in ids[:-1]] == [0, 1, 2]
    assert best(ask(gated, b"s", level_png(40))) == 10


def test_a_plain_send_never_waits(gated: CpuStreamManager, gate: Gate) -> None:
    assert [gated.SendData(b"s", 0, input_of(level_png(0))) for _ in range(10)] == [0] * 10
    gate.opened.set()
    assert [gated.GetResult(b"s", 0).errorCode for _ in range(10)] == [0] * 10


def test_a_send_waits_for_room(gated: CpuStreamManager, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SEND_WAIT_S", 60)
    for _ in range(IN_FLIGHT):
        send(gated, b"s", level_png(0))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(send, gated, b"s", level_png(40))
        gate.opened.set()
        assert best(fetch(gated, b"s", waiting.result(30))) == 10


def test_the_observers_are_told_what_it_took(level1248: StoredModel) -> None:
    frames: list[tuple[str, int, Mapping[str, float]]] = []
    batches: list[tuple[int, int]] = []
    manager = CpuStreamManager(CpuOptions(on_frame=lambda *told: frames.append(told), on_batch=lambda *told: batches.append(told)))
    manager.InitManager()
    create(manager, s=classifying(level1248, infer={"dynamicStrategy": "Upper"}))
    ids = [send(manager, b"s", image) for image in (level_png(0), BROKEN)]
    assert [fetch(manager, b"s", unique_id).errorCode for unique_id in ids] == [0, 1004]
    manager.DestroyAllStreams()
    assert [(name, unique_id) for name, unique_id, _ in frames] == [("s", 0), ("s", 1)]
    assert [sorted(stages_s) for _, _, stages_s in frames] == [
        ["decode", "infer", "postprocess", "queue", "resize", "serialize"],
        ["decode"],
    ]
    assert all(0 <= elapsed_s < 60 for _, _, stages_s in frames for elapsed_s in stages_s.values())
    assert batches == [(1, 0)]


@pytest.mark.parametrize("batched", [False, True])
def test_an_observer_that_raises_costs_no_frame(
    level: StoredModel, level4: StoredModel, batched: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("observer")

    manager = CpuStreamManager(CpuOptions(on_frame=fail, on_batch=fail))
    manager.InitManager()
    create(manager, s=classifying(level4 if batched else level, infer={"waitingTime": "1"}))
    with caplog.at_level(logging.ERROR):
        assert [best(ask(manager, b"s", level_png(4 * class_id))) for class_id in range(3)] == [0, 1, 2]
    manager.DestroyAllStreams()
    assert {record.message for record in caplog.records} == {"on_batch failed"} | {
        f"on_frame failed for frame {n} of stream s" for n in range(3)
    }


def test_two_chains_in_one_stream(manager: CpuStreamManager, level: StoredModel) -> None:
    plain = chained(("appsrc", {}), ("mxpi_imagedecoder", {"handleMethod": "opencv"}), ("appsink", {}), suffix=1)
    create(manager, s=classifying(level) | plain)
    unique_id = manager.SendDataWithUniqueId(b"s", 1, input_of(level_png(40)))
    assert best(ask(manager, b"s", level_png(40))) == 10
    assert fetch(manager, b"s", unique_id).data == b"{}"


def test_sources_are_numbered_by_name_and_sinks_by_number(manager: CpuStreamManager) -> None:
    create(manager, s={name: body for suffix in (10, 2) for name, body in chained(("appsrc", {}), ("appsink", {}), suffix=suffix).items()})
    assert manager.SendData(b"s", 0, input_of(b"x")) == 0  # appsrc10 goes before appsrc2
    assert manager.GetResult(b"s", 1).data == b"{}"  # appsink2 before appsink10
    assert manager.GetResult(b"s", 0, 0).errorCode == 1002


def test_stop_drops_what_is_queued(gated: CpuStreamManager, gate: Gate) -> None:
    for _ in range(50):
        gated.SendData(b"s", 0, input_of(level_png(0)))
    assert gate.reached.wait(30)
    [source] = gated._streams[b"s"].sources
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(gated.StopStream, b"s")
        while not source._closed:
            sleep(0.001)
        gate.opened.set()
        assert stopping.result(30) == 0
    assert gate.frames == 1


def test_stop_wakes_whoever_waits(gated: CpuStreamManager, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor's process aborts when a stream is stopped under a waiter; here it is told that nothing came."""
    monkeypatch.setattr(stream, "SEND_WAIT_S", 60)
    ids = [send(gated, b"s", level_png(0)) for _ in range(IN_FLIGHT)]
    with ThreadPoolExecutor(5) as pool:
        fetching = [pool.submit(gated.GetResultWithUniqueId, b"s", unique_id, 60_000) for unique_id in ids]
        while len(gated._streams[b"s"]._table._waiters) < IN_FLIGHT:
            sleep(0.001)
        sending = pool.submit(send, gated, b"s", level_png(0))
        stopping = pool.submit(gated.StopStream, b"s")
        assert [(output.errorCode, output.data) for output in (future.result(30) for future in fetching)] == [TIMED_OUT] * IN_FLIGHT
        assert sending.result(30) == -1
        gate.opened.set()
        assert stopping.result(30) == 0


def test_stop_frees_a_stream_whose_results_nobody_reads(manager: CpuStreamManager) -> None:
    create(manager, s=chained(("appsrc", {}), ("appsink", {})))
    for _ in range(QUEUE_CAPACITY + 5):
        manager.SendData(b"s", 0, input_of(level_png(0)))
    assert manager.StopStream(b"s") == 0


def test_stop_with_a_batch_that_waits(manager: CpuStreamManager, level4: StoredModel) -> None:
    create(manager, s=classifying(level4, infer={"waitingTime": HOUR_MS}))
    assert send(manager, b"s", level_png(0)) == 0
    assert manager.StopStream(b"s") == 0


@pytest.fixture
def no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("batched", [False, True])
def test_a_stopped_stream_frees_its_model_at_once(
    manager: CpuStreamManager, level: StoredModel, level4: StoredModel, batched: bool
) -> None:
    model = level4 if batched else level
    create(manager, s=classifying(model))
    assert best(ask(manager, b"s", level_png(8))) == 2
    loaded = ref(load_model(model.folder / "level.om"))
    assert loaded() is not None
    manager.StopStream(b"s")
    assert loaded() is None


@pytest.mark.usefixtures("no_collection")
def test_a_stream_that_cannot_start_frees_its_model_at_once(manager: CpuStreamManager, level4: StoredModel) -> None:
    kept = load_model(level4.folder / "level.om")
    loaded = ref(kept)
    assert manager.CreateMultipleStreams(text_of(s=classifying(level4, post={"postProcessLibPath": ""}))) == 6003
    del kept
    assert loaded() is None
    assert manager.last_error is not None


Make = Callable[[StoredModel], Elements]


def infer(**props: str) -> Make:
    return lambda model: classifying(model, infer=props)


def post(**props: object) -> Make:
    return lambda model: classifying(model, post=props)


def resize(**props: str) -> Make:
    return lambda model: classifying(model, resize=props)


def without_number(model: StoredModel) -> Elements:
    elements = classifying(model)
    elements["appsink"] = elements.pop("appsink0")
    elements["mxpi_dataserialize0"]["next"] = "appsink"
    return elements


INFER, POST = "Element 'mxpi_tensorinfer0':", "Element 'mxpi_classpostprocessor0':"
REFUSED: dict[str, tuple[Make, int, str]] = {
    "model missing": (infer(modelPath="nosuch.om"), 6003, f"{INFER} modelPath 'nosuch.om': the file nosuch.onnx does not exist."),
    "no model": (infer(modelPath=""), 6003, f"{INFER} modelPath is empty."),
    "model a folder": (infer(modelPath="/"), 6003, f"{INFER} modelPath '/': the file / does not exist."),
    "endless path": (infer(modelPath="a" * 5000), 6003, f"{INFER} [Errno"),
    "unknown strategy": (
        infer(dynamicStrategy="nearest"),
        6003,
        f"{INFER} dynamicStrategy is 'nearest'; this runtime knows Nearest, Upper, Lower.",
    ),
    "unknown language": (post(funcLanguage="java"), 6003, f"{POST} funcLanguage is 'java'"),
    "labels missing": (post(labelPath="nosuch.names"), 6003, f"{POST} labelPath 'nosuch.names' is not a file."),
    "no library": (post(postProcessLibPath=""), 6003, f"{POST} postProcessLibPath must name libresnet50postprocess.so"),
    "numbers in the content": (post(postProcessConfigContent={"TOP_K": 2}), 6003, f"{POST} postProcessConfigContent must be"),
    "ascend": (lambda model: classifying(model, decoder={"handleMethod": "ascend"}), 6003, "Element 'mxpi_imagedecoder0'"),
    "resize type": (resize(resizeType="Resizer_Nope"), 6003, "Element 'mxpi_imageresize0': resizeType is 'Resizer_Nope'"),
    "device": (lambda model: {"stream_config": {"deviceId": "9"}, **classifying(model)}, 6003, "Stream 's': device 9 does not exist."),
    "device of an element": (infer(deviceId="5"), 6003, "Stream 's': device 5 does not exist."),
    "sink without a number": (without_number, 1001, "Element 'appsink': the name of an appsink must be appsink and a number."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_start(manager: CpuStreamManager, level4: StoredModel, case: str) -> None:
    elements, code, words = REFUSED[case]
    assert manager.CreateMultipleStreams(text_of(s=elements(level4))) == code
    assert manager.last_error is not None
    assert manager.last_error.message.startswith(words)
