"""The compiled engine, beyond the contract of every engine."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

import pytest

from models.model_errors import ArtifactDamaged
from models.store import zoo_manifest
from pipelines.classifier_config import ClassifierLimits, configure_classifier
from server.engines.all_scores import packed
from server.engines.fleet.fleet import Fleet
from server.engines.mxbase_engine import MxbaseEngine, error_of
from server.engines.plan import ClassifierPlan, plan_classifier
from server.engines.work import InferenceRequest
from server.errors import DeadlineExceeded, EngineFailed, EngineUnavailable, UndecodableImage
from server.types import Prediction
from tests.level_model import level_image, store_level_model

built = pytest.mark.skipif(find_spec("mxclassify") is None, reason="make mxbase builds it")
LIMITS = ClassifierLimits(decoders=2, lanes=1, capacity=32)
CONFIG = configure_classifier(zoo_manifest("efficientnet_lite0"), "/missing.om", LIMITS)


@pytest.fixture
def runs() -> list[tuple[int, int]]:
    return []


@pytest.fixture
def engine(tmp_path: Path, runs: list[tuple[int, int]]) -> Iterator[Fleet]:
    model = store_level_model(tmp_path, batch_sizes=(1, 2, 4))
    engine = Fleet.of(MxbaseEngine(lambda: plan_classifier(model, "cpu", "", LIMITS), 16))
    engine.on_batch = lambda *run: runs.append(run)
    engine.start()
    yield engine
    engine.close(1)


@built
def test_every_run_is_told_with_its_padding(engine: Fleet, runs: list[tuple[int, int]]) -> None:
    runs.clear()
    futures = [engine.submit(InferenceRequest(level_image(number), "", monotonic() + 30)) for number in range(16)]
    assert [future.result(30).scores[0].class_id for future in futures] == list(range(16))
    assert sum(images for images, _ in runs) == 16
    assert {images + padding for images, padding in runs} <= {1, 2, 4}


@built
def test_stages_and_labels(engine: Fleet) -> None:
    prediction = engine.submit(InferenceRequest(level_image(7), "", monotonic() + 30)).result(30)
    assert set(prediction.stages_s) == {"decode", "resize", "queue", "infer", "postprocess"}
    assert prediction.scores[0].label == "level 28"


@built
def test_requests_for_all_scores_share_batches_with_others(engine: Fleet, runs: list[tuple[int, int]]) -> None:
    runs.clear()
    for _ in range(5):  # a batch forms where requests come faster than they are inferred
        deadline_s = monotonic() + 30
        futures = [engine.submit(InferenceRequest(level_image(n), "", deadline_s, "full" if n % 3 == 0 else "top")) for n in range(64)]
        answers = [future.result(30) for future in futures]
        if max(images for images, _ in runs) > 1:
            break
    assert max(images for images, _ in runs) > 1
    assert [answer.scores[0].class_id for answer in answers] == list(range(64))
    assert [len(answer.all_scores) if answer.all_scores else 0 for answer in answers] == [0 if n % 3 else 4 * 64 for n in range(64)]


def test_a_score_that_is_no_number_fails_the_image_wherever_it_stands() -> None:
    engine = MxbaseEngine(lambda: ClassifierPlan(CONFIG, (), "cpu"), 16)
    assert isinstance(engine._prediction([(1, 3.5)], {}, packed([-2, 3.5, 1e38, -1e38])), Prediction)
    for wrong in (float("nan"), float("-inf")):
        assert isinstance(engine._prediction([(1, 3.5)], {}, packed([-2, 3.5, wrong])), EngineFailed)


@built
def test_a_model_that_was_changed_is_not_started(tmp_path: Path) -> None:
    model = store_level_model(tmp_path)
    model.check_artifact("cpu")[1].write_bytes(b"garbage")
    with pytest.raises(ArtifactDamaged):
        MxbaseEngine(lambda: plan_classifier(model, "cpu", "", LIMITS), 16).start()


@built
@pytest.mark.parametrize(
    ("top_k", "runtime", "words"),
    [
        (16, "cpu", "missing.om cannot be loaded"),
        (17, "cpu", r"cannot start: top_k is outside 1\.\.16"),
        (16, "ascend", "was built for runtime cpu, not ascend"),
    ],
)
def test_what_cannot_start_says_why(top_k: int, runtime: str, words: str) -> None:
    engine = MxbaseEngine(lambda: ClassifierPlan({**CONFIG, "top_k": top_k}, (), runtime), 16)
    with pytest.raises(EngineUnavailable, match=words):
        engine.start()
    assert not engine.health().ok


@built
def test_a_build_of_other_sources_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxclassify.INTERFACE", 1)
    with pytest.raises(EngineUnavailable, match=r"another version of the sources.*make mxbase"):
        MxbaseEngine(lambda: ClassifierPlan(CONFIG, (), "cpu"), 16).start()


@pytest.mark.skipif(find_spec("mxclassify") is not None, reason="it is built")
def test_without_the_build_it_says_how() -> None:
    with pytest.raises(EngineUnavailable, match="make mxbase"):
        MxbaseEngine(lambda: ClassifierPlan(CONFIG, (), "cpu"), 16).start()


def test_outcomes() -> None:
    kinds = {outcome: type(error_of(outcome, "code 1002")) for outcome in ("undecodable", "expired", "closed", "failed")}
    assert kinds == {
        "undecodable": UndecodableImage,
        "expired": DeadlineExceeded,
        "closed": EngineUnavailable,
        "failed": EngineFailed,
    }
