"""The engine reads the results of the pipeline, and runs a pipeline as the seed wrote it."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import pytest

from models.store import ModelStore
from server.engines.fleet.fleet import Fleet
from server.engines.plan import plan_own, plan_rendered
from server.engines.stream_engine import StreamEngine
from server.engines.work import InferenceRequest, Work
from server.errors import EngineUnavailable
from server.images.inspection import inspect_image
from server.types import Prediction
from tests.level_model import level_image, store_level_model


def seed_pipeline(store: ModelStore, folder: Path) -> Path:
    """The pipeline of the seed project, its paths aside; its .cfg asks for raw logits."""
    model = store.open("efficientnet_lite0").folder
    (folder / "resnext101.cfg").write_text("CLASS_NUM=1000\nSOFTMAX=false\nTOP_K=5\n")
    resize = {"handleMethod": "opencv", "resizeType": "Resizer_Stretch", "resizeHeight": "224", "resizeWidth": "224"}
    infer = {
        "dataSource": "mxpi_imageresize0",
        "modelPath": str(model / "efficientnet_lite0.om"),
        "waitingTime": "2000",
        "outputDeviceId": "-1",
    }
    post = {
        "dataSource": "mxpi_tensorinfer0",
        "postProcessConfigPath": str(folder / "resnext101.cfg"),
        "labelPath": str(model / "imagenet.names"),
        "postProcessLibPath": "/usr/local/sdk_home/mxManufacture/lib/modelpostprocessors/libresnet50postprocess.so",
    }
    stream = {
        "stream_config": {"deviceId": "0"},
        "appsrc0": {"props": {"blocksize": "409600"}, "factory": "appsrc", "next": "mxpi_imagedecoder0"},
        "mxpi_imagedecoder0": {"props": {"handleMethod": "opencv"}, "factory": "mxpi_imagedecoder", "next": "mxpi_imageresize0"},
        "mxpi_imageresize0": {"props": resize, "factory": "mxpi_imageresize", "next": "mxpi_tensorinfer0"},
        "mxpi_tensorinfer0": {"props": infer, "factory": "mxpi_tensorinfer", "next": "mxpi_classpostprocessor0"},
        "mxpi_classpostprocessor0": {"props": post, "factory": "mxpi_classpostprocessor", "next": "mxpi_dataserialize0"},
        "mxpi_dataserialize0": {
            "props": {"outputDataKeys": "mxpi_classpostprocessor0"},
            "factory": "mxpi_dataserialize",
            "next": "appsink0",
        },
        "appsink0": {"props": {"blocksize": "4096000"}, "factory": "appsink"},
    }
    (folder / "seed.pipeline").write_text(json.dumps({"im_resnet50": stream}, indent=4))
    return folder / "seed.pipeline"


def test_the_seeds_pipeline_gives_logits(model_store: ModelStore, tmp_path: Path, cat: bytes, coffee: bytes) -> None:
    pipeline = seed_pipeline(model_store, tmp_path)
    engine = Fleet.of(StreamEngine(lambda: plan_own(pipeline), "cpu"), 4)
    engine.start()
    answers = [engine.submit(InferenceRequest(inspect_image(image, 10**7), "", monotonic() + 30)).result(30) for image in (cat, coffee)]
    engine.close(drain_s=1)
    assert [answer.score_type for answer in answers] == ["logit", "logit"]
    assert [answer.scores[0].class_id for answer in answers] == [285, 967]
    assert [len(answer.scores) for answer in answers] == [5, 5]
    assert all(answer.scores[0].score > 5 for answer in answers)


def test_a_pipeline_that_cannot_start_says_which_element(tmp_path: Path, model_store: ModelStore) -> None:
    pipeline = seed_pipeline(model_store, tmp_path)
    text = pipeline.read_text().replace("efficientnet_lite0.om", "nothing.om")
    pipeline.write_text(text)
    engine = StreamEngine(lambda: plan_own(pipeline), "cpu")
    with pytest.raises(EngineUnavailable, match=r"code 6003.*'mxpi_tensorinfer0'.*does not exist"):
        engine.start()
    assert not engine.health().ok


def test_close_lets_images_come_out_of_the_streams(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model, answers = store_level_model(tmp_path), dict[Work, int]()
    engine = StreamEngine(lambda: plan_rendered(model, "cpu", "", 2), "cpu")

    def keep(work: Work, outcome: object) -> None:
        assert isinstance(outcome, Prediction)
        answers[work] = outcome.scores[0].class_id

    engine.on_answer = keep
    engine.start()
    works = [Work(InferenceRequest(level_image(number, side_px=2000), "", monotonic() + 30)) for number in range(engine.places)]
    for work in works:
        engine.take(work)
    engine.close()
    assert [answers[work] for work in works] == list(range(len(works)))
    assert caplog.messages == []


def test_two_that_close_at_once_close_once(tmp_path: Path) -> None:
    model = store_level_model(tmp_path)
    engine = StreamEngine(lambda: plan_rendered(model, "cpu", "", 2), "cpu")
    engine.start()
    with ThreadPoolExecutor(4) as threads:
        for closed in [threads.submit(engine.close) for _ in range(4)]:
            closed.result(30)
    assert not engine.health().ok
