import pytest

from convert.own_parameters import is_own


@pytest.mark.parametrize(
    "name", ["mean", "std", "pixel_mean", "image_std", "imgMean", "normalize.std", "model.pixel_mean", "temperature", "head.logit_scale"]
)
def test_what_changes_pixels_or_scores(name: str) -> None:
    assert is_own(name)


@pytest.mark.parametrize(
    "name", ["global_step", "learning_rate", "running_mean", "bn1.running_mean", "moving_mean", "scale_sense", "mean.x"]
)
def test_what_does_not(name: str) -> None:
    assert not is_own(name)
