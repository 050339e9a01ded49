import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from convert.prepare import prepare
from models.store import ModelStore, StoredModel
from pipelines.cpu.recipe_picture import RecipePicture
from server.cli.convert.paired_accuracy import labelled_pictures, paired_accuracy
from server.evaluation.report.intervals import mcnemar_p, paired_difference
from server.settings import Settings
from tests.conftest import shared
from tests.server.images.test_upright import png

DIGITS = "resnext_digits"


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    return ModelStore(shared(tmp_path_factory, "digits", lambda folder: prepare(DIGITS, ModelStore(folder)))).open(DIGITS)


@pytest.fixture
def labelled(digits: StoredModel, tmp_path: Path) -> Path:
    """Four pictures of each of two classes, and one that cannot be decoded."""
    lines = (digits.folder / "evaluation/mixed/val_label.txt").read_text().splitlines()
    for label in ("0", "7"):
        (tmp_path / "set" / label).mkdir(parents=True)
        for line in [line for line in lines if line.split()[1] == label][:4]:
            shutil.copy(digits.folder / "evaluation/mixed/images" / line.split()[0], tmp_path / "set" / label)
    (tmp_path / "set/0/damaged.png").write_bytes(b"\x89PNG damaged")
    return tmp_path / "set"


def begin(_what: str, _pictures: int) -> Callable[[], None]:
    return lambda: None


def always(digits: StoredModel, class_id: int, file: Path) -> Path:
    """The model with another bias: it answers one class."""
    network = onnx.load(digits.check_artifact("cpu")[1])
    [bias] = [tensor for tensor in network.graph.initializer if list(tensor.dims) == [10]]
    raised = numpy_helper.to_array(bias) + 1000 * (np.arange(10) == class_id)
    bias.CopyFrom(numpy_helper.from_array(raised.astype(np.float32), bias.name))
    onnx.save(network, file)
    return file


def test_the_same_pictures_are_counted_in_pairs(digits: StoredModel, labelled: Path, tmp_path: Path) -> None:
    pictures = labelled_pictures(labelled, labelled, digits.read_class_names())
    sides = digits.check_artifact("cpu")[1], always(digits, 7, tmp_path / "seven.onnx")
    found = paired_accuracy(digits.manifest, sides, pictures, (), Settings(), begin)
    assert found is not None
    assert [(share.correct, share.total) for share in (found.a, found.b)] == [(8, 8), (4, 8)]
    assert (found.difference, found.interval) == paired_difference(4, 0, 8)
    assert found.mcnemar_p == mcnemar_p(4, 0) == 0.125
    assert "on 8 labelled pictures that did not calibrate: f32 100.00%, int8 50.00%, difference -50.00%" in found.as_text()
    assert found.as_record() == {"accuracy_difference": -0.5, "accuracy_interval": found.interval, "accuracy_images": 8}


def test_pictures_that_calibrated_are_not_counted(digits: StoredModel, labelled: Path) -> None:
    sides = (digits.check_artifact("cpu")[1],) * 2
    pictures = labelled_pictures(labelled, labelled, digits.read_class_names())
    sevens = {sha256(path.read_bytes()).hexdigest() for path in (labelled / "7").iterdir()}
    found = paired_accuracy(digits.manifest, sides, pictures, sevens, Settings(), begin)
    assert found is not None
    assert (found.a.total, found.difference) == (4, 0)
    every = {sha256(path.read_bytes()).hexdigest() for path in labelled.rglob("*.png")}
    assert paired_accuracy(digits.manifest, sides, pictures, every, Settings(), begin) is None


def test_a_picture_is_prepared_as_the_server_prepares_it(digits: StoredModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a PNG that EXIF turns, the decoder of an OpenCV that does not turn it gets a BMP."""
    (tmp_path / "0").mkdir()
    (tmp_path / "0/turned.png").write_bytes(png(6))
    seen = list[bytes]()
    monkeypatch.setattr("pipelines.cpu.exif_turns.turns_pictures", lambda: False)
    monkeypatch.setattr(RecipePicture, "of", lambda _picture, image: seen.append(image))
    sides = (digits.check_artifact("cpu")[1],) * 2
    pictures = labelled_pictures(tmp_path, tmp_path, digits.read_class_names())
    assert paired_accuracy(digits.manifest, sides, pictures, (), Settings(), begin) is None
    [image] = seen
    assert image[:2] == b"BM"
