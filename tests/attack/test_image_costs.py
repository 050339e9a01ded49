"""What one image costs the whole server, whatever the engine: processor time of all its processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attack.bodies import endless_png
from tests.attack.conftest import ENGINES, Figures
from tests.level_model import level_png, store_level_model
from tests.process_tree import cpu_s
from tests.server.process import ServerProcess

MOST_S = 1.0
PNG = {"Content-Type": "image/png"}


@pytest.fixture(params=ENGINES)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerProcess]:
    store_level_model(tmp_path / "store")
    with ServerProcess(model_store=tmp_path / "store", model="level", **ENGINES[request.param]) as server:
        yield server


def test_a_png_without_end(server: ServerProcess, figures: Figures, request: pytest.FixtureRequest) -> None:
    server.client.post("/classify", content=level_png(20), headers=PNG).raise_for_status()
    before_s = cpu_s(server.pid)
    reply = server.client.post("/classify", content=endless_png(), headers=PNG)
    took_s = cpu_s(server.pid) - before_s
    figures(f"a PNG of 19 MB with 19 GB behind its last row: {request.node.callspec.id}", f"{took_s:.2f} CPU-s", f"{MOST_S:g} CPU-s")
    assert reply.status_code == 422
    assert "behind its last row" in reply.text
    assert took_s < MOST_S
