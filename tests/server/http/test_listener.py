"""Signals."""

import signal
from pathlib import Path

from tests.level_model import store_level_model
from tests.server.process import ServerProcess


def test_ctrl_c_ends_it_well() -> None:
    with ServerProcess(engines="fake") as server:
        server.signal(signal.SIGINT)
        assert server.wait() == 0


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    store_level_model(tmp_path)
    with ServerProcess(model_store=tmp_path, model="level", drain_delay_s=20) as server:
        server.signal(signal.SIGTERM)
        server.log("draining")
        server.signal(signal.SIGTERM)
        assert server.wait(timeout_s=10) == 0


def test_who_comes_back_during_the_drain_is_asked_to_go_elsewhere() -> None:
    with ServerProcess(engines="fake", drain_delay_s=2) as server:
        assert "connection" not in server.client.get("/health/live").headers
        server.signal(signal.SIGTERM)
        server.log("draining")
        assert server.client.get("/health/live").headers["connection"] == "close"
        assert server.client.post("/classify", content=b"no image").headers["connection"] == "close"
