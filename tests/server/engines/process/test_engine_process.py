"""Engine processes with real faults: signals, hangs, aborts, garbage, and children that never start."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from server.engines.fleet.fleet import Fleet
from server.engines.fleet.member import Watch
from server.engines.plan import plan_rendered
from server.engines.process.child import Child
from server.engines.process.conversation import Conversation
from server.engines.process.engine_process import EngineProcess
from server.engines.process.program import EngineProgram, Program, StreamProgram
from server.engines.work import InferenceRequest
from server.errors import EngineUnavailable
from server.types import EncodedImage, ImageFormat, Prediction
from tests.level_model import store_level_model

FAST = Watch(stall_s=0.5, idle_s=0.3, back_off_s=0.05)


def picture(words: bytes = b"picture") -> EncodedImage:
    return EncodedImage(words, ImageFormat.PNG, 1, 1)


class Running:
    """A process alone in a fleet."""

    def __init__(self, engine: EngineProcess, fleet: Fleet) -> None:
        self.engine = engine
        self.fleet = fleet


def submit(running: Running, words: bytes = b"picture", timeout_s: float = 20) -> Future[Prediction]:
    return running.fleet.submit(InferenceRequest(picture(words), "test", monotonic() + timeout_s))


@contextmanager
def running(factory: str = "tests.server.engines.faulty:FaultyEngine", start_s: float = 20, watch: Watch = FAST) -> Iterator[Running]:
    engine = EngineProcess("fake", EngineProgram(factory, dict), start_s=start_s, back_off_s=0.05)
    fleet = Fleet.of(engine, 16, watch)
    fleet.start()
    try:
        yield Running(engine, fleet)
    finally:
        fleet.close(drain_s=5)


def wait_for(condition: Callable[[], object], timeout_s: float = 20) -> None:
    deadline_s = monotonic() + timeout_s
    while not condition():
        assert monotonic() < deadline_s
        sleep(0.01)


@pytest.mark.parametrize(
    ("words", "reason"),
    [(b"ABORT", "it ended"), (b"HANG", "gave no result"), (b"GARBAGE", "its message is invalid"), (b"EXIT", "it ended")],
)
def test_a_child_that_breaks_fails_its_images_and_is_started_again(words: bytes, reason: str) -> None:
    """The image is tried three times, since it need not be what broke the child; then it is answered so."""
    with running() as run:
        first = run.engine.process
        with pytest.raises(EngineUnavailable, match=reason):
            submit(run, words).result(30)
        wait_for(lambda: run.fleet.health().ok)
        assert submit(run).result(20).engine == "fake"
        assert (run.engine.restarts, run.engine.process == first) == (3, False)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_signal_to_an_idle_child_is_noticed_without_work(number: signal.Signals) -> None:
    """A stopped child is found out by the probe."""
    with running() as run:
        assert run.engine.process
        os.kill(run.engine.process, number)
        wait_for(lambda: run.engine.restarts == 1 and run.fleet.health().ok)
        assert submit(run).result(20).scores


def test_a_small_image_overtakes_large_ones_on_their_way_to_the_child() -> None:
    with running(watch=Watch(stall_s=60)) as run:
        order: list[str] = []
        pictures = {"large": bytes(100_000_000), "larger": bytes(100_000_001), "small": b"small"}
        futures = []
        for name, words in pictures.items():
            image = EncodedImage(words, ImageFormat.BMP, 1, 1)
            futures.append(run.fleet.submit(InferenceRequest(image, name, monotonic() + 60)))
            futures[-1].add_done_callback(lambda _, name=name: order.append(name))  # type: ignore[misc]
        assert all(future.result(60).scores for future in futures)
        assert order.index("small") < order.index("larger")


def test_ctrl_c_is_left_to_the_server() -> None:
    with running() as run:
        assert run.engine.process
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(run.engine.process, number)
        assert submit(run).result(20).scores
        assert run.engine.restarts == 0


def test_a_child_that_never_becomes_ready() -> None:
    """Its last words are quoted. On a busy machine it needs longer to say them."""

    def words(start_s: float) -> str:
        with (
            pytest.raises(EngineUnavailable, match=f"not ready in {start_s} s") as caught,
            running("tests.server.engines.faulty:NeverReady", start_s=start_s),
        ):
            pass
        return str(caught.value)

    assert any("loading" in words(start_s) for start_s in (1, 5, 25))


def test_the_end_does_not_wait_for_a_start_that_hangs() -> None:
    engine = EngineProcess("fake", EngineProgram("tests.server.engines.faulty:NeverReady", dict), start_s=300, back_off_s=0.05)
    with ThreadPoolExecutor(1) as thread:
        start = thread.submit(engine.start)
        wait_for(lambda: engine.starts)
        engine.close()
        with pytest.raises(EngineUnavailable, match="ended before it was ready"):
            start.result(20)


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), RuntimeError("can't start new thread"), MemoryError()])
def test_a_restart_that_fails_for_want_of_something_is_tried_again(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    with running() as run:
        begin, faults = run.engine._begin, [fault]

        def begin_or_fail() -> None:
            if faults:
                raise faults.pop()
            begin()

        monkeypatch.setattr(run.engine, "_begin", begin_or_fail)
        assert run.engine.process
        os.kill(run.engine.process, signal.SIGKILL)
        wait_for(lambda: run.engine.restarts == 2 and run.engine.health().ok)
        assert submit(run).result(20).scores


def test_a_child_whose_threads_cannot_start_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as run:
        begun: list[Child] = []

        def open_or_fail(conversation: Conversation) -> None:
            begun.append(conversation.child)
            raise RuntimeError("can't start new thread")

        present = run.engine.process
        with monkeypatch.context() as without_threads:
            without_threads.setattr(Conversation, "open", open_or_fail)
            with pytest.raises(RuntimeError):
                run.engine._begin()
        assert run.engine.process == present
        assert submit(run).result(20).scores
        assert not Path(f"/proc/{begun[0].pid}").exists()


def test_a_child_that_dies_at_its_start_is_quoted() -> None:
    with (
        pytest.raises(EngineUnavailable, match=r"ended before it was ready \(exit code 1\).*No module named 'nothing'"),
        running("nothing:here"),
    ):
        pass


@pytest.mark.parametrize(
    ("python", "words"), [(Path("/nowhere/python"), "cannot be run"), (Path("/bin/false"), "ended before it was ready")]
)
def test_a_python_that_cannot_run_the_driver(tmp_path: Path, python: Path, words: str) -> None:
    model = store_level_model(tmp_path)
    program: Program = StreamProgram(lambda: plan_rendered(model, "cpu", "", 1), "cpu", python)
    with pytest.raises(EngineUnavailable, match=words):
        EngineProcess("stream", program).start()


def test_without_the_sdk_its_python_is_named(tmp_path: Path) -> None:
    model = store_level_model(tmp_path)
    program: Program = StreamProgram(lambda: plan_rendered(model, "cpu", "", 1), "ascend")
    with pytest.raises(EngineUnavailable, match=f"{sys.executable} cannot import StreamManagerApi"):
        EngineProcess("stream", program).start()
