"""The primary engine breaks under a real server and 32 clients, who do not notice: every answer is right, and none is late or lost."""

import os
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.level_model import store_level_model
from tests.server.crowd import Crowd
from tests.server.engines.faulty_stream import faulty_python
from tests.server.process import ServerProcess

pytestmark = pytest.mark.skipif(not find_spec("mxclassify"), reason="the compiled engine is not built: make mxbase")

STALL_S = 1
REST_S = 0.1  # of each client between two requests
WAITING_S = 0.4  # the same, while a test waits for the engine to come back


class Faulty:
    """A server whose primary can be broken, and mended."""

    def __init__(self, server: ServerProcess, folder: Path) -> None:
        self.server = server
        self._folder = folder
        self._model = folder / "level" / "level.onnx"

    def engines(self) -> list[dict[str, Any]]:
        """The engines as /info shows them."""
        found: list[dict[str, Any]] = self.server.client.get("/info").json()["engines"]
        return found

    def engine(self, name: str) -> dict[str, Any]:
        """One engine as /info shows it."""
        return next(engine for engine in self.engines() if engine["name"] == name)

    def kill(self, *names: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the processes of engines."""
        for process in [self.engine(name)["process"] for name in names]:
            os.kill(process, number)

    def breaks(self, fault: str) -> None:
        """Begin."""
        match fault:
            case "is killed":
                self.kill("stream")
            case "is stopped":
                self.kill("stream", number=signal.SIGSTOP)
            case "cannot start again":
                self._model.rename(self._model.with_suffix(".away"))
                self.kill("stream")
            case _:
                (self._folder / fault).touch()

    def mends(self, fault: str) -> None:
        """End what does not end by itself."""
        match fault:
            case "is killed" | "is stopped":
                pass
            case "cannot start again":
                self._model.with_suffix(".away").rename(self._model)
            case _:
                (self._folder / fault).unlink()


def lives(process: int) -> bool:
    try:
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())  # empty once it has ended, even if nobody has asked how
    except OSError:
        return False


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[Faulty]:
    store_level_model(tmp_path)
    with ServerProcess(
        model_store=tmp_path,
        model="level",
        runtime="cpu",
        engines="stream,mxbase",
        engine_processes="yes",
        engine_python=faulty_python(tmp_path),
        engine_start_s=20,
        engine_stall_s=STALL_S,
        drain_delay_s=1,
    ) as server:
        yield Faulty(server, tmp_path)


@pytest.mark.parametrize(
    ("fault", "told", "lasts"),
    [
        ("is killed", "is lost (SIGKILL)", False),
        ("is stopped", f"it gave no result for {STALL_S} s", False),
        ("cannot start again", "engine stream cannot be started again", True),
        ("hang", f"it gave no result for {STALL_S} s", True),
        ("late", f"it gave no result for {STALL_S} s", True),
        ("codes", "gets no more requests: it fails the probe: The pipeline failed on the image with code 1002: for a while", True),
    ],
)
def test_no_client_notices(faulty: Faulty, fault: str, told: str, lasts: bool) -> None:
    server = faulty.server
    with Crowd(server.address, REST_S) as crowd:
        crowd.wait_for_answers("stream")
        faulty.breaks(fault)
        crowd.wait_for_answers("mxbase")
        server.log(told)
        crowd.rest_s = WAITING_S
        if lasts:
            crowd.wait_for(lambda: not faulty.engine("stream")["up"], "/info tells that the primary is down")
            assert faulty.engine("stream")["reason"]
            assert faulty.engine("mxbase")["answers"]
        faulty.mends(fault)
        crowd.wait_for_answers("stream")
        crowd.wait_for(lambda: faulty.engine("stream")["answers"], "/info tells that the primary is back")
    assert crowd.faults == []
    assert set(crowd.answers) == {"stream", "mxbase"}
    server.log("engine mxbase answers instead of stream")
    server.log("engine stream answers instead of mxbase (recovered)")
    assert server.metric("classify_engine_switches_total", **{"from": "stream", "to": "mxbase"}) >= 1
    assert server.metric("classify_engine_switches_total", **{"from": "mxbase", "to": "stream", "reason": "recovered"}) >= 1
    restarts = server.metric("classify_engine_restarts_total", engine="stream", device="0")
    assert restarts == faulty.engine("stream")["restarts"]
    assert restarts or fault == "codes"


def test_nobody_is_refused_while_both_engines_are_on_their_way_back(faulty: Faulty) -> None:
    with Crowd(faulty.server.address, REST_S) as crowd:
        crowd.wait_for_answers("stream")
        faulty.kill("stream", "mxbase")
        crowd.rest_s = WAITING_S
        crowd.wait_for(lambda: all(engine["restarts"] and engine["up"] for engine in faulty.engines()), "both are back")
        crowd.wait_for_answers("stream")
    assert crowd.faults == []


def test_sigterm_under_load(faulty: Faulty) -> None:
    """The server answers each request that it took, cuts off no client, and then closes the door."""
    server = faulty.server
    with Crowd(server.address, until_closed=True) as crowd:
        crowd.wait_for_answers("stream")
        server.signal(signal.SIGTERM)
        crowd.join()
        assert server.wait() == 0
    assert crowd.faults == []
    assert server.lines("POST /classify") == server.lines("POST /classify 200") == sum(crowd.answers.values())


def test_no_engine_outlives_a_server_that_is_killed(faulty: Faulty) -> None:
    processes = [engine["process"] for engine in faulty.engines()]
    with Crowd(faulty.server.address, until_closed=True) as crowd:
        crowd.wait_for_answers("stream")
        faulty.server.signal(signal.SIGKILL)
        assert faulty.server.wait() == -signal.SIGKILL
    crowd.wait_for(lambda: not any(map(lives, processes)), "they end")
