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
