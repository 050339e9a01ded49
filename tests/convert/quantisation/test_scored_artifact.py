from pathlib import Path

import numpy as np
import pytest

from convert.conversion_errors import ConvertError
from convert.quantisation.picture_set import PictureSet
from convert.quantisation.scored_artifact import ScoredArtifact, best_class
from models.store import StoredModel
from tests.convert.conftest import Run


def test_the_logits_are_the_artifacts(digits: StoredModel, pictures: PictureSet, run: Run) -> None:
    path = digits.check_artifact("cpu")[1]
    scored = ScoredArtifact(path)
    for pixels in pictures.pixels[:3]:
        np.testing.assert_allclose(scored.logits(pixels), run(path, pixels[None])[0], atol=1e-5)
    assert 0 < scored.cpu_ms_an_image(pictures.pixels[0]) < 1000


def test_the_best_class_and_its_probability() -> None:
    class_id, score = best_class(np.log(np.array([0.2, 0.7, 0.1], np.float32)))
    assert class_id == 1
    assert score == pytest.approx(0.7)


def test_a_file_that_openvino_cannot_run(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no network")
    with pytest.raises(ConvertError, match="OpenVINO cannot run the network"):
        ScoredArtifact(tmp_path / "broken.onnx")
