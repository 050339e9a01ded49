"""The pipeline this project began with, as it was written, except for the paths."""

import json
from pathlib import Path

import pytest

from models.store import ModelStore
from pipelines.cpu import CpuStreamManager
from tests.pipelines.cpu.pipelines_made import ask, chained, create

NAME = b"im_resnet50"
CONFIG = "CLASS_NUM=1000\nSOFTMAX=false\nTOP_K=5\n"


@pytest.fixture
def seed(manager: CpuStreamManager, model_store: ModelStore, tmp_path: Path) -> CpuStreamManager:
    model = model_store.open("efficientnet_lite0")
    config = tmp_path / "resnet50.cfg"
    config.write_text(CONFIG)
    elements = chained(
        ("appsrc", {"blocksize": "409600"}),
        ("mxpi_imagedecoder", {"handleMethod": "opencv"}),
        ("mxpi_imageresize", {"handleMethod": "opencv", "resizeType": "Resizer_Stretch", "resizeHeight": "224", "resizeWidth": "224"}),
        (
            "mxpi_tensorinfer",
            {
                "dataSource": "mxpi_imageresize0",
                "modelPath": str(model.check_artifact("cpu")[1].with_suffix(".om")),
                "waitingTime": "2000",
                "outputDeviceId": "-1",
            },
        ),
        (
            "mxpi_classpostprocessor",
            {
                "dataSource": "mxpi_tensorinfer0",
                "postProcessConfigPath": str(config),
                "labelPath": str(model.check_labels()),
                "postProcessLibPath": "libresnet50postprocess.so",
            },
        ),
        ("mxpi_dataserialize", {"outputDataKeys": "mxpi_classpostprocessor0"}),
        ("appsink", {"blocksize": "4096000"}),
    )
    create(manager, **{NAME.decode(): {"stream_config": {"deviceId": "0"}, **elements}})
    return manager


def test_both_photos(seed: CpuStreamManager, cat: bytes, coffee: bytes) -> None:
    for photo, class_id, name in ((cat, 285, "Egyptian cat"), (coffee, 967, "espresso")):
        output = ask(seed, NAME, photo)
        entries = json.loads(output.data)["MxpiClass"]
        assert (output.errorCode, entries[0]["classId"], entries[0]["className"]) == (0, class_id, name)
        assert len(entries) == 5


def test_the_scores_are_raw_logits(seed: CpuStreamManager, cat: bytes) -> None:
    scores = [entry["confidence"] for entry in json.loads(ask(seed, NAME, cat).data)["MxpiClass"]]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 1
    assert not 0.9 < sum(scores) < 1.1


def test_the_same_photo_gives_the_same_bytes(seed: CpuStreamManager, cat: bytes, coffee: bytes) -> None:
    first = ask(seed, NAME, cat).data
    assert ask(seed, NAME, coffee).data != first
    assert ask(seed, NAME, cat).data == first
