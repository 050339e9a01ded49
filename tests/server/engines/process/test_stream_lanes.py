"""The rules for driving streams, over the strict CPU runtime, which hurts where the vendor does, and a manager that hangs."""

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from queue import SimpleQueue
from time import sleep
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.cpu.observed import MxDataInput, open_observed
from server.engines.plan import plan_rendered
from server.engines.process.stream_lanes import NOT_SENT, TIMED_OUT, StreamLanes, StreamRefused
from tests.level_model import level_png, store_level_model

SLOW = 1000  # tokens from here on take long to decode
Told = SimpleQueue[tuple[Any, int | None, bytes]]


def picture(token: int) -> bytes | None:
    """That of a level; None for what nobody wants."""
    return level_png(4 * (token % 64)) if token >= 0 else None


def lanes_of(manager: Any, names: list[str], depth: int, told: Told) -> StreamLanes:
    def deliver(token: int, code: int | None, data: bytes, _stages_s: Mapping[str, float]) -> None:
        told.put((token, code, bytes(data)))

    return StreamLanes(manager, MxDataInput, names, depth, picture, deliver, is_slow=lambda token: token >= SLOW)


@pytest.fixture(params=[2, 8])
def lanes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[StreamLanes, Told]]:
    plan = plan_rendered(store_level_model(tmp_path), "cpu", "", 2)
    manager = open_observed({"strict": True}, lambda *_: None, lambda *_: None)
    manager.InitManager()
    assert manager.CreateMultipleStreams(plan.text) == 0
    told: Told = SimpleQueue()
    lanes = lanes_of(manager, list(plan.streams), request.param, told)
    assert set(lanes.warm_up(level_png(1))) == {"classify0", "classify1"}
    lanes.start()
    yield lanes, told
    assert lanes.close(10)
    manager.DestroyAllStreams()
    plan.close()


def test_every_token_is_told_once_with_its_own_result(lanes: tuple[StreamLanes, Told]) -> None:
    streams, told = lanes
    sent = 0
    answers: list[tuple[int, int | None, bytes]] = []
    while len(answers) < 64:
        while sent < 64 and streams.send(sent):
            sent += 1
        answers.append(told.get(timeout=10))
    assert sorted(token for token, _, _ in answers) == list(range(64))
    assert {code for _, code, _ in answers} == {0}
    assert all(json.loads(data)["MxpiClass"][0]["classId"] == token for token, _, data in answers)


def test_there_is_no_more_room_than_places(lanes: tuple[StreamLanes, Told]) -> None:
    streams, told = lanes
    taken = sum(streams.send(number) for number in range(streams.places))
    assert taken == streams.places
    for _ in range(taken):
        told.get(timeout=10)


def test_what_nobody_wants_is_not_sent(lanes: tuple[StreamLanes, Told]) -> None:
    streams, told = lanes
    assert streams.send(-1)
    assert told.get(timeout=10) == (-1, None, b"")


class Scripted:
    """A manager that answers as it is told to; `stopped` notes whether somebody waited when a stream was stopped."""

    def __init__(self, ids: list[int], codes: list[int]) -> None:
        self.ids, self.codes = ids, codes
        self.fetched: list[tuple[int, int]] = []
        self.sent: list[bytes] = []
        self.waiting = 0
        self.stopped: list[int] = []
        self.hold = threading.Event()
        self.hold.set()

    def SendDataWithUniqueId(self, stream: bytes, _plugin: int, _data: Any) -> int:  # noqa: N802
        self.sent.append(stream)
        return self.ids.pop(0)

    def GetResultWithUniqueId(self, _stream: bytes, unique_id: int, timeout_ms: int) -> Any:  # noqa: N802
        self.waiting += 1
        self.fetched.append((unique_id, timeout_ms))
        self.hold.wait()
        self.waiting -= 1
        return SimpleNamespace(errorCode=self.codes.pop(0), data=b"")

    def StopStream(self, _stream: bytes) -> int:  # noqa: N802
        self.stopped.append(self.waiting)
        return 0


def test_a_stream_with_an_image_that_takes_long_is_the_last_choice() -> None:
    told: Told = SimpleQueue()
    manager = Scripted([0, 0, 1, 1, 2], [0] * 5)
    lanes = lanes_of(manager, ["one", "two"], 2, told)
    lanes.start()
    manager.hold.clear()
    assert [lanes.send(token) for token in (SLOW, 1, 2, 3, 4)] == [True, True, True, True, False]
    assert manager.sent == [b"one", b"two", b"two", b"one"]
    manager.hold.set()
    assert {told.get(timeout=5)[0] for _ in range(4)} == {SLOW, 1, 2, 3}
    manager.sent.clear()
    assert lanes.send(5)
    assert (manager.sent, told.get(timeout=5)[0]) == ([b"one"], 5)  # as free as the other again
    assert lanes.close(5)


def test_a_refused_send_is_told_and_frees_its_place() -> None:
    told: Told = SimpleQueue()
    lanes = lanes_of(Scripted([-1, 0], [0]), ["one"], 1, told)
    lanes.start()
    assert lanes.send(1)
    assert told.get(timeout=5) == (1, NOT_SENT, b"")
    assert lanes.send(2)
    assert told.get(timeout=5) == (2, 0, b"")
    assert lanes.close(5)


def test_a_result_that_is_late_is_asked_for_once_more() -> None:
    told: Told = SimpleQueue()
    manager = Scripted([7], [TIMED_OUT, 0])
    lanes = lanes_of(manager, ["one"], 1, told)
    lanes.start()
    assert lanes.send(1)
    assert told.get(timeout=5)[1] == TIMED_OUT
    assert lanes.close(5)
    assert [unique_id for unique_id, _ in manager.fetched] == [7, 7]


def test_a_stream_is_stopped_when_nobody_waits_in_it_and_one_that_hangs_is_left() -> None:
    manager, told = Scripted([0, 1], [0, 0]), SimpleQueue[tuple[Any, int | None, bytes]]()
    lanes = lanes_of(manager, ["one"], 2, told)
    lanes.start()
    manager.hold.clear()
    assert lanes.send(1)
    assert not lanes.close(0.05)
    assert manager.stopped == []
    manager.hold.set()
    assert told.get(timeout=5) == (1, 0, b"")
    sleep(0.05)
    assert lanes.close(5)
    assert manager.stopped == [0]


def test_a_first_picture_that_fails_says_which_stream() -> None:
    with pytest.raises(StreamRefused, match="'one' fails on its first picture with code 1002"):
        lanes_of(Scripted([0], [1002]), ["one"], 1, SimpleQueue()).warm_up(b"")
    with pytest.raises(StreamRefused, match="'one' does not take a picture"):
        lanes_of(Scripted([-1], []), ["one"], 1, SimpleQueue()).warm_up(b"")
