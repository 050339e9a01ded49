from collections import Counter
from pathlib import Path

import pytest

from convert.conversion_errors import ConvertError
from convert.quantisation import f32_reference
from convert.quantisation.f32_reference import Agreement
from convert.quantisation.picture_set import PictureSet, collect_pictures
from convert.quantisation.search import Found, search
from convert.quantisation.variant import CLASSIFIER, FIRST_CONVOLUTION, Variant
from models.store import StoredModel
from pipelines.cpu.quiet_openvino import ov
from tests.convert.quantisation.conftest import begin


def test_one_trial_is_enough_where_it_agrees(digits: StoredModel, found: Found) -> None:
    [trial] = found.trials
    assert (trial.variant, len(trial.calibrated_on), found.best) == (Variant(), 48, trial)
    assert trial.compared.everywhere.share == trial.compared.confident.share == 1
    assert trial.compared.size_bytes < 0.4 * found.f32.size_bytes
    assert found.artifact == digits.manifest.artifact("cpu")


def test_openvino_runs_it_in_int8(digits: StoredModel, found: Found) -> None:
    assert set(layer_precisions(digits.check_artifact("cpu")[1])) == {"f32"}
    precisions = layer_precisions(found.best.file)
    assert precisions["u8"] + precisions["i8"] >= 0.9 * precisions.total()


def layer_precisions(path: Path) -> Counter[str]:
    """Of the convolutions and matrices, how many run in which precision."""
    compiled = ov.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    facts = [node.get_rt_info() for node in compiled.get_runtime_model().get_ops()]
    kinds = ("Convolution", "FullyConnected", "MatMul")
    return Counter(fact["runtimePrecision"].astype(str) for fact in facts if fact["layerType"].astype(str) in kinds)


def test_the_same_pictures_give_the_same_bytes(digits: StoredModel, pictures: PictureSet, found: Found, tmp_path: Path) -> None:
    assert search(digits, pictures, tmp_path, begin).best.file.read_bytes() == found.best.file.read_bytes()


def test_other_variants_are_tried_where_the_first_agrees_too_seldom(digits: StoredModel, digit_files: list[Path], tmp_path: Path) -> None:
    few = collect_pictures(digits.manifest, digit_files[:12], Path.read_bytes, tmp_path / "pixels", lambda: None)
    found = search(digits, few, tmp_path, begin, good=1.01)
    assert [trial.variant for trial in found.trials] == [
        Variant(),
        Variant(f32=(FIRST_CONVOLUTION,)),
        Variant(f32=(CLASSIFIER,)),
        Variant(f32=(FIRST_CONVOLUTION, CLASSIFIER)),
        Variant("Percentile"),
        Variant("Entropy"),
    ]
    assert found.best == found.trials[0]  # of equals the first
    sizes = [trial.compared.size_bytes for trial in found.trials]
    assert sizes[3] > max(sizes[:3])
    ranges = [(tmp_path / f"ranges-{name}.json").read_bytes() for name in ("MinMax", "Percentile", "Entropy")]
    assert len(set(ranges)) == 3


def test_an_interruption_comes_through(digits: StoredModel, pictures: PictureSet, tmp_path: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(digits, pictures, tmp_path, lambda what, _: interrupt if what == "MinMax" else lambda: None)


def test_without_a_confident_picture_nothing_is_quantised_unless_forced(
    digits: StoredModel, pictures: PictureSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f32_reference, "CONFIDENT", 1.0)
    with pytest.raises(ConvertError, match=r"on none of the 12 pictures that were held out.*--force"):
        search(digits, pictures, tmp_path, begin)
    assert list(tmp_path.iterdir()) == []
    [trial] = search(digits, pictures, tmp_path, begin, force=True).trials  # the first one agrees on all pictures
    assert (trial.compared.confident, trial.compared.everywhere) == (Agreement(0, 0), Agreement(12, 12))
