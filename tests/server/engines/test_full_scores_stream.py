"""The scores of all classes from the stream engine, in this process and in a child, over the CPU runtime and its strict mode."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from pathlib import Path
from time import monotonic

import cv2
import numpy as np
import pytest

from models.store import StoredModel
from pipelines.cpu.quiet_openvino import ov
from pipelines.cpu.runtime_options import CpuOptions
from server.engines.fleet.fleet import Fleet
from server.engines.plan import StreamPlan, plan_own, plan_rendered
from server.engines.process.engine_process import EngineProcess
from server.engines.process.program import StreamProgram
from server.engines.stream_engine import StreamEngine
from server.engines.work import InferenceRequest
from server.errors import BadRequest, DeadlineExceeded, EngineUnavailable, UndecodableImage
from server.types import EncodedImage, ImageFormat, Prediction, Scores
from tests.level_model import CLASSES, SIDE_PX, level_image, store_level_model

pytestmark = pytest.mark.usefixtures("forked_children")

CAPACITY = 48
BROKEN = EncodedImage(b"\x89PNG\r\n\x1a\nnothing", ImageFormat.PNG, 1, 1)
GEARS = (1, 2, 4, 8)
STRICT = CpuOptions(strict=True, race=True)
Make = Callable[[Callable[[], StreamPlan]], StreamEngine | EngineProcess]

SUBJECTS: dict[str, tuple[Make, tuple[int, ...]]] = {
    "stream": (lambda plan: StreamEngine(plan, "cpu"), (1,)),
    "stream-batch-sizes": (lambda plan: StreamEngine(plan, "cpu"), GEARS),
    "stream-strict": (lambda plan: StreamEngine(plan, "cpu", options=STRICT), (1,)),
    "stream-process-strict": (lambda plan: EngineProcess("stream", StreamProgram(plan, "cpu", options=STRICT)), (1,)),
    "stream-process-strict-batch-sizes": (
        lambda plan: EngineProcess("stream", StreamProgram(plan, "cpu", options=STRICT)),
        GEARS,
    ),
}


@pytest.fixture(scope="module", params=SUBJECTS)
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Make, StoredModel]:
    make, batch_sizes = SUBJECTS[request.param]
    return make, store_level_model(tmp_path_factory.mktemp("level"), batch_sizes=batch_sizes)


def running(subject: tuple[Make, StoredModel]) -> Iterator[Fleet]:
    make, model = subject
    fleet = Fleet.of(make(lambda: plan_rendered(model, "cpu", "", 2, scores_streams=1)), CAPACITY)
    fleet.start()
    yield fleet
    fleet.close(drain_s=10)


engine = pytest.fixture(running, scope="module", name="engine")  # one for all tests but the one that closes its own
own_engine = pytest.fixture(running, name="own_engine")


def submit(engine: Fleet, image: EncodedImage, scores: Scores = "full", timeout_s: float = 30) -> Future[Prediction]:
    return engine.submit(InferenceRequest(image, "test", monotonic() + timeout_s, scores))


def network_scores(tmp_path: Path, images: list[EncodedImage]) -> np.ndarray:
    """The softmax of what the network itself says, in double precision."""
    store_level_model(tmp_path / "alone")
    compiled = ov.Core().compile_model(tmp_path / "alone/level/level.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    rows = []
    for image in images:
        pixels = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR)
        assert pixels is not None
        logits = compiled(cv2.resize(pixels, (SIDE_PX, SIDE_PX))[None])[0][0].astype(float)
        powers = np.exp(logits - logits.max())
        rows.append(powers / powers.sum())
    return np.array(rows)


def check_whole(prediction: Prediction) -> np.ndarray:
    """That the best and all scores are of one making; all of them."""
    assert prediction.all_scores is not None
    every = np.frombuffer(prediction.all_scores, "<f4")
    assert every.shape == (CLASSES,)
    assert len(prediction.scores) == 16
    assert [score.class_id for score in prediction.scores] == sorted(range(CLASSES), key=lambda number: -every[number])[:16]
    assert all(every[score.class_id] == score.score and score.label == f"level {4 * score.class_id}" for score in prediction.scores)
    return every


def test_they_are_the_networks(engine: Fleet, tmp_path: Path) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (5, 48, 48, 3)).astype(np.uint8)
    images = [EncodedImage(cv2.imencode(".png", pixels)[1].tobytes(), ImageFormat.PNG, 48, 48) for pixels in noise]
    images += [level_image(number) for number in (0, 31, 63)]
    predictions = [submit(engine, image).result(30) for image in images]
    found = np.array([check_whole(prediction) for prediction in predictions])
    assert np.abs(found - network_scores(tmp_path, images)).max() < 1e-5
    assert {(prediction.engine, prediction.score_type) for prediction in predictions} == {("stream", "probability")}
    assert all({"decode", "infer", "queue"} <= set(prediction.stages_s) for prediction in predictions)


def test_who_asks_for_the_best_gets_no_more(engine: Fleet) -> None:
    prediction = submit(engine, level_image(3), "top").result(30)
    assert (prediction.scores[0].class_id, prediction.all_scores) == (3, None)


def test_both_kinds_at_once_and_broken_images_among_them(engine: Fleet) -> None:
    for start in range(0, 96, CAPACITY):
        numbers = range(start, start + CAPACITY)
        kinds: list[Scores] = ["full" if number % 3 else "top" for number in numbers]
        broken = [number % 7 == 4 for number in numbers]
        futures = [
            submit(engine, BROKEN if bad else level_image(number % CLASSES), kind)
            for number, kind, bad in zip(numbers, kinds, broken, strict=True)
        ]
        for number, kind, bad, future in zip(numbers, kinds, broken, futures, strict=True):
            if bad:
                with pytest.raises(UndecodableImage):
                    future.result(30)
                continue
            prediction = future.result(30)
            assert prediction.scores[0].class_id == number % CLASSES
            if kind == "full":
                assert check_whole(prediction).argmax() == number % CLASSES
            else:
                assert prediction.all_scores is None


def test_what_is_too_late_or_abandoned_costs_nothing(engine: Fleet) -> None:
    with pytest.raises(DeadlineExceeded):
        submit(engine, level_image(0), timeout_s=-1).result(30)
    images = [level_image(number, side_px=1000) for number in range(CAPACITY)]  # made first, so that all are still queued below
    futures = [submit(engine, image) for image in images]
    assert futures[-1].cancel()
    short = submit(engine, images[0], timeout_s=0.001)
    with pytest.raises(DeadlineExceeded):
        short.result(30)
    assert [check_whole(future.result(30)).argmax() for future in futures[:-1]] == list(range(CAPACITY - 1))
    with pytest.raises(CancelledError):
        futures[-1].result(30)


def test_close_answers_what_was_taken(own_engine: Fleet) -> None:
    futures = [submit(own_engine, level_image(number)) for number in range(CAPACITY)]
    own_engine.close(drain_s=30)
    assert [check_whole(future.result(30)).argmax() for future in futures] == list(range(CAPACITY))


def test_without_a_stream_for_them_it_is_said_and_the_engine_goes_on(subject: tuple[Make, StoredModel]) -> None:
    make, model = subject
    engine = Fleet.of(make(lambda: plan_rendered(model, "cpu", "", 1)), CAPACITY)
    engine.start()
    futures = [submit(engine, level_image(number)) for number in range(CAPACITY)]
    for future in futures:
        with pytest.raises(BadRequest, match=r"only the scores of the best 16 classes.*FULL_SCORES=yes.*scores0"):
            future.result(30)
    assert submit(engine, level_image(9), "top").result(30).scores[0].class_id == 9
    assert engine.health().ok
    engine.close(drain_s=1)


def test_close_without_time_leaves_no_future_open(engine: Fleet) -> None:
    """The last test of an engine: it closes that of the others."""
    futures = [submit(engine, level_image(number, side_px=1000)) for number in range(CAPACITY)]
    engine.close(drain_s=0)
    assert all(future.done() for future in futures)


def own_pipeline(folder: Path, softmax: str, **streams: object) -> Path:
    """The rendered pipeline as a person's own, with changes; the network has 64 classes."""
    plan = plan_rendered(store_level_model(folder / "store"), "cpu", "", streams=1, scores_streams=1)
    pipeline = json.loads(plan.text)
    plan.close()
    (folder / "own.cfg").write_text(f"CLASS_NUM=64\nSOFTMAX={softmax}\nTOP_K=5\n")
    pipeline["classify0"]["mxpi_classpostprocessor0"]["props"]["postProcessConfigPath"] = str(folder / "own.cfg")
    (folder / "own.pipeline").write_text(json.dumps(pipeline | streams))
    return folder / "own.pipeline"


@pytest.mark.parametrize(("softmax", "score_type"), [("true", "probability"), ("false", "logit")])
def test_a_pipeline_of_ones_own(tmp_path: Path, softmax: str, score_type: str) -> None:
    pipeline = own_pipeline(tmp_path, softmax)
    engine = Fleet.of(StreamEngine(lambda: plan_own(pipeline), "cpu"), CAPACITY)
    engine.start()
    prediction = submit(engine, level_image(12)).result(30)
    best = submit(engine, level_image(12), "top").result(30)
    engine.close(drain_s=1)
    every = check_whole(prediction)
    assert prediction.score_type == score_type
    assert int(every.argmax()) == 12
    assert len(best.scores) == 5
    assert [score.label for score in best.scores] == [score.label for score in prediction.scores[:5]]
    if score_type == "logit":
        assert (every <= 0).all()


def test_a_stream_of_scores_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"'scores1'.*exactly one mxpi_tensorinfer"):
        plan_own(
            own_pipeline(
                tmp_path / "a",
                "true",
                scores1={"appsrc0": {"factory": "appsrc", "next": "appsink0"}, "appsink0": {"factory": "appsink"}},
            )
        )
    only = own_pipeline(tmp_path / "b", "true")
    only.write_text(json.dumps({"scores0": json.loads(only.read_text())["scores0"]}))
    with pytest.raises(EngineUnavailable, match="classifies"):
        plan_own(only)


def test_a_network_of_other_classes_is_told_at_the_start(tmp_path: Path) -> None:
    pipeline = own_pipeline(tmp_path, "true")
    (tmp_path / "other.cfg").write_text("CLASS_NUM=63\nSOFTMAX=true\nTOP_K=5\n")
    text = json.loads(pipeline.read_text())
    text["classify0"]["mxpi_classpostprocessor0"]["props"]["postProcessConfigPath"] = str(tmp_path / "other.cfg")
    pipeline.write_text(json.dumps(text))
    engine = StreamEngine(lambda: plan_own(pipeline), "cpu")
    with pytest.raises(EngineUnavailable, match="first picture"):
        engine.start()
