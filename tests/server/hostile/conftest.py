"""A real server with the small model, for what is done to it; and engines that tell the pixels they see."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec

import pytest

from models.store import StoredModel
from pipelines.classifier_config import ClassifierLimits
from server.engines.fleet.fleet import Fleet
from server.engines.mxbase_engine import MxbaseEngine, share_decoder_warnings
from server.engines.plan import plan_classifier, plan_rendered
from server.engines.process.engine_process import EngineProcess
from server.engines.process.program import StreamProgram
from server.engines.stream_engine import StreamEngine
from tests.ascend_double.double import AscendDouble, with_om
from tests.level_model import store_level_model
from tests.pixel_model import store_pixel_model
from tests.server.process import ServerProcess


@pytest.fixture(scope="package")
def level_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with the level model and the default limits, which ends well, too."""
    folder = tmp_path_factory.mktemp("level_store")
    store_level_model(folder)
    with ServerProcess(model_store=folder, model="level") as server:
        yield server
        assert server._process.poll() is None


@contextmanager
def fleets_of(model: StoredModel, lanes: int, scores_streams: int = 0) -> Iterator[dict[str, Fleet]]:
    """Each engine with a model."""
    made = {"stream": Fleet.of(StreamEngine(lambda: plan_rendered(model, "cpu", "", lanes, scores_streams=scores_streams), "cpu"))}
    if find_spec("mxclassify"):
        share_decoder_warnings()
        limits = ClassifierLimits(decoders=lanes, lanes=lanes, capacity=64)
        made["mxbase"] = Fleet.of(MxbaseEngine(lambda: plan_classifier(model, "cpu", "", limits), 8))
    double, om_model = AscendDouble(model.folder / "double"), with_om(model)
    plan = partial(plan_rendered, om_model, "ascend", "Ascend310", lanes, scores_streams=scores_streams)
    made["ascend"] = Fleet.of(EngineProcess("stream", StreamProgram(plan, "ascend", double.python)))
    for fleet in made.values():
        fleet.start()
    yield made
    for fleet in made.values():
        fleet.close(1)


@pytest.fixture(scope="package")
def pixel_fleets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Fleet]]:
    """Each engine with the pixel model."""
    with fleets_of(store_pixel_model(tmp_path_factory.mktemp("pixel_store")), 1, scores_streams=1) as fleets:
        yield fleets
