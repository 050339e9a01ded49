"""The rules for streams of scores, over a manager that answers as it is told to."""

import threading
from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.cpu.observed import MxDataInput, open_observed
from server.engines.answer import read_full
from server.engines.plan import plan_rendered
from server.engines.process import scores_lanes
from server.engines.process.scores_lanes import FAILURE, ScoresLanes, ScoresStream
from server.engines.process.stream_lanes import TIMED_OUT, StreamLanes, StreamRefused
from server.types import Prediction
from tests.level_model import level_png, store_level_model

Told = SimpleQueue[tuple[Any, int | None, bytes]]
LATE = (FAILURE, b" Get empty result, or exceed the time limit(60000).")


class Scripted:
    """`results` are codes with texts or messages; `inside` is the most pictures that were in one stream at once."""

    def __init__(self, *results: tuple[int, bytes], send_code: int = 0) -> None:
        self.results = list(results)
        self.send_code = send_code
        self.asked: list[tuple[bytes, bytes, list[bytes], int]] = []
        self.calls: list[str] = []
        self.hold = threading.Event()
        self.hold.set()

    def SendData(self, _stream: bytes, _plugin: int, data: Any) -> int:  # noqa: N802
        self.calls.append(f"send {data.data.decode()}")
        return self.send_code

    def GetResult(self, stream: bytes, sink: bytes, keys: list[bytes], timeout_ms: int) -> Any:  # noqa: N802
        self.asked.append((stream, sink, keys, timeout_ms))
        self.hold.wait(5)
        code, data = self.results.pop(0) if self.results else LATE
        self.calls.append(f"get {code}")
        messages = [SimpleNamespace(serializedMetadata=data)] if data and not code else []
        return SimpleNamespace(errorCode=code, errorMsg=data if code else b"", metadataVec=messages)

    def StopStream(self, stream: bytes) -> int:  # noqa: N802
        self.calls.append(f"stop {stream.decode()}")
        return 0


def lanes_of(manager: Any, told: Told, *names: str) -> tuple[ScoresLanes, StreamLanes]:
    def deliver(token: Any, code: int | None, data: bytes, _stages_s: Mapping[str, float]) -> None:
        told.put((token, code, data))

    streams = [ScoresStream(name, "appsink0", "mxpi_tensorinfer0") for name in names]
    picture = lambda token: str(token).encode() if token >= 0 else None  # noqa: E731
    scores = ScoresLanes(manager, MxDataInput, streams, picture, deliver)
    return scores, StreamLanes(manager, MxDataInput, [], 2, lambda _: None, deliver)


def test_a_result_is_asked_for_by_the_networks_name() -> None:
    told, manager = Told(), Scripted((0, b"tensor"))
    scores, others = lanes_of(manager, told, "s")
    scores.start()
    assert scores.send(1)
    assert told.get(timeout=5) == (1, 0, b"tensor")
    assert manager.asked == [(b"s", b"appsink0", [b"mxpi_tensorinfer0"], 60_000)]
    assert scores.close(others, 5)
    assert manager.calls == ["send 1", "get 0", "stop s"]


def test_one_picture_is_inside_at_a_time() -> None:
    told, manager = Told(), Scripted((0, b"a"), (1004, b"broken"), (0, b""), (0, b"d"))
    scores, others = lanes_of(manager, told, "s")
    scores.start()
    for token in (1, 2, -3, 4, 5):
        assert scores.send(token)
    answers = [told.get(timeout=5) for _ in range(5)]
    assert answers == [(1, 0, b"a"), (2, 1004, b"broken"), (-3, None, b""), (4, 0, b""), (5, 0, b"d")]
    assert [call.split()[0] for call in manager.calls] == ["send", "get"] * 4
    assert scores.close(others, 5)


def test_without_a_stream_nothing_is_taken() -> None:
    scores, others = lanes_of(Scripted(), Told())
    scores.start()
    assert not scores.send(1)
    assert scores.close(others, 5)


def test_a_picture_that_is_not_taken_is_told_with_its_code() -> None:
    told, manager = Told(), Scripted(send_code=6006)
    scores, others = lanes_of(manager, told, "s")
    scores.start()
    scores.send(1)
    assert told.get(timeout=5)[:2] == (1, 6006)
    assert not manager.asked
    assert scores.close(others, 5)


def test_a_late_result_is_not_the_next_pictures() -> None:
    told, manager = Told(), Scripted(LATE, (0, b"late"), (0, b"own"))
    scores, others = lanes_of(manager, told, "s")
    scores.start()
    scores.send(1)
    assert told.get(timeout=5)[:2] == (1, TIMED_OUT)
    scores.send(2)
    assert told.get(timeout=5) == (2, 0, b"own")
    assert scores.close(others, 5)


def test_what_waits_for_streams_that_hang_fails_and_they_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores_lanes, "LATE_MS", 1)
    told, manager = Told(), Scripted(LATE)
    scores, others = lanes_of(manager, told, "s")
    scores.start()
    scores.send(1)
    assert told.get(timeout=5)[:2] == (1, TIMED_OUT)
    scores.send(2)
    assert told.get(timeout=5)[:2] == (2, TIMED_OUT)
    assert not scores.close(others, 5)
    assert "stop s" not in manager.calls


def test_a_failure_of_code_1001_is_no_timeout() -> None:
    told, manager = Told(), Scripted((FAILURE, b"The datasize of concated inputTensors[0](3) does not match"))
    scores, others = lanes_of(manager, told, "s")
    scores.start()
    scores.send(1)
    assert told.get(timeout=5)[1] == FAILURE
    assert scores.close(others, 5)


def test_a_stream_with_a_picture_inside_is_left() -> None:
    told, manager = Told(), Scripted((0, b"a"))
    manager.hold.clear()
    scores, others = lanes_of(manager, told, "s")
    scores.start()
    scores.send(1)
    assert not scores.close(others, 0.05)
    assert "stop s" not in manager.calls
    manager.hold.set()
    assert told.get(timeout=5) == (1, 0, b"a")


def test_a_first_picture_that_fails_says_why() -> None:
    with pytest.raises(StreamRefused, match="'s' fails on its first picture with code 1002: no"):
        lanes_of(Scripted((1002, b"no")), Told(), "s")[0].warm_up(b"1")

    class Old(Scripted):
        def GetResult(self, _stream: bytes, _sink: int, _timeout_ms: int = 3000) -> Any:  # type: ignore[override] # noqa: N802
            raise AssertionError

    with pytest.raises(StreamRefused, match="does not return metadata"):
        lanes_of(Old(), Told(), "s")[0].warm_up(b"1")


def test_the_cpu_runtime_hands_out_tensors(tmp_path: Path) -> None:
    plan = plan_rendered(store_level_model(tmp_path), "cpu", "", 1, scores_streams=2)
    stages: list[str] = []
    manager = open_observed({"strict": True}, lambda stream, *_: stages.append(stream), lambda *_: None)
    manager.InitManager()
    assert manager.CreateMultipleStreams(plan.text) == 0
    assert plan.full
    told: Told = SimpleQueue()
    scores = ScoresLanes(manager, MxDataInput, plan.full.streams, lambda token: level_png(4 * token), lambda *answer: told.put(answer[:3]))
    assert set(scores.warm_up(level_png(0))) == {"scores0", "scores1"}
    scores.start()
    for token in range(64):
        scores.send(token)
    for token, code, data in [told.get(timeout=10) for _ in range(64)]:
        prediction = read_full(code or 0, data, plan.full, "probability", {})
        assert isinstance(prediction, Prediction)
        assert prediction.scores[0].class_id == token
    assert set(stages) == {"scores0", "scores1"}
    assert scores.close(StreamLanes(manager, MxDataInput, ["classify0"], 2, lambda _: None, lambda *_: None), 5)
    manager.DestroyAllStreams()
    plan.close()
