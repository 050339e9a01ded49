"""Images that take long are decoded by threads with a lower priority, on each engine; all others by threads with the server's own."""

import os
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

import pytest

from server.cli.flags import load_settings
from server.engines.assembly import EngineAssembly
from server.engines.fleet.fleet import Fleet
from server.engines.work import SLOW_S, InferenceRequest
from server.telemetry.metrics import Metrics
from server.telemetry.model_metrics import ModelMetrics
from server.types import EncodedImage, Scores
from tests.level_model import level_image, store_level_model

ENGINES = ("stream", "mxbase") if find_spec("mxclassify") else ("stream",)
SIDE_PX = 2000


@pytest.fixture(scope="module", params=[(kind, processes) for kind in ENGINES for processes in ("no", "yes")], ids="-".join)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    model = store_level_model(tmp_path_factory.mktemp("store"))
    kind, processes = request.param
    settings = load_settings(engines=kind, engine_processes=processes, runtime="cpu", full_scores="yes")
    engine = EngineAssembly(settings, model, "cpu", ModelMetrics(Metrics(), "level")).fleet()
    engine.start()
    yield engine
    engine.close(drain_s=10)


def nicer_s(engine: Fleet) -> float:
    """The processor time of the engine's threads that are nicer than this one."""
    tasks = Path(f"/proc/{engine.members[0].engine.process or os.getpid()}/task")
    own = os.getpriority(os.PRIO_PROCESS, 0)
    nicer = [task for task in tasks.iterdir() if os.getpriority(os.PRIO_PROCESS, int(task.name)) > own]
    return sum(int((task / "schedstat").read_text().split()[0]) for task in nicer) / 1e9


def class_of(engine: Fleet, image: EncodedImage, scores: Scores) -> int:
    return engine.submit(InferenceRequest(image, "", monotonic() + 30, scores)).result(30).scores[0].class_id


@pytest.mark.parametrize("scores", ["top", "full"])
@pytest.mark.skipif(os.getpriority(os.PRIO_PROCESS, 0) == 19, reason="under nice -n 19 nothing has a lower priority")
def test_only_slow_images_are_decoded_with_a_lower_priority(engine: Fleet, scores: Scores) -> None:
    quick = replace(level_image(5, side_px=SIDE_PX), decode_s=SLOW_S / 2)
    slow = replace(quick, decode_s=2 * SLOW_S)
    before_s = nicer_s(engine)
    assert class_of(engine, quick, scores) == 5
    between_s = nicer_s(engine)
    assert class_of(engine, slow, scores) == 5
    assert between_s - before_s < 0.001  # of a decode of some 20 ms
    assert nicer_s(engine) - between_s > 0.002
