from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from convert.quantisation.f32_reference import Agreement, F32Reference
from convert.quantisation.picture_set import PictureSet
from models.store import StoredModel
from tests.convert.quantisation.conftest import nothing


def test_an_artifact_agrees_with_itself_and_one_of_other_classes_does_not(
    digits: StoredModel, pictures: PictureSet, tmp_path: Path
) -> None:
    path = digits.check_artifact("cpu")[1]
    reference = F32Reference(path, pictures, nothing)
    again = reference.compare(path)
    assert (again.everywhere, again.size_bytes) == (Agreement(12, 12), path.stat().st_size)
    assert again.confident == reference.itself.confident
    assert 10 <= again.confident.total <= 12

    turned = onnx.load(path)
    [bias] = [tensor for tensor in turned.graph.initializer if list(tensor.dims) == [10]]
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.array([1000] + [0] * 9, np.float32), bias.name))
    onnx.save(turned, tmp_path / "turned.onnx")
    compared = reference.compare(tmp_path / "turned.onnx")
    assert compared.everywhere.same < 6
    assert compared.confident.same <= compared.everywhere.same


def test_no_pictures_are_no_agreement() -> None:
    assert Agreement(0, 0).share == 0
    assert Agreement(3, 4).share == 0.75
