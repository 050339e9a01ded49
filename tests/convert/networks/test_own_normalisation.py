import numpy as np
import pytest

from convert.networks.own_normalisation import own_normalisation

MEAN, STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)


@pytest.mark.parametrize(
    ("tensors", "options", "unit"),
    [
        ({"mean": MEAN, "std": STD}, "--mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --scale 1/255", True),
        (
            {"normalize.mean": MEAN.reshape(1, 3, 1, 1) * 255, "normalize.std": STD * 255},
            "--mean 123.675,116.28,103.53 --std 58.395,57.12,57.375",
            False,
        ),
        ({"model.pixel_mean": np.array([0.5]), "model.pixel_std": np.array([0.5])}, "--mean 0.5 --std 0.5 --scale 1/255", True),
        ({"mean": np.array([0.0]), "std": np.array([255.0])}, "--mean 0 --std 255", False),
        ({"mean": np.array([104.0, 117, 123]), "std": np.ones(3)}, "--mean 104,117,123 --std 1,1,1", False),
        ({"std": np.array([1.0]), "mean": np.array([-1.0])}, "--mean -1 --std 1 --scale 1/255", True),
    ],
)
def test_it_is_found(tensors: dict[str, np.ndarray], options: str, unit: bool) -> None:
    found = own_normalisation({**tensors, "bn1.running_mean": MEAN})
    assert found is not None
    assert (found.names, found.options, found.unit) == (tuple(tensors), options, unit)


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"mean": MEAN},
        {"mean": MEAN, "other.mean": MEAN, "std": STD},
        {"mean": np.ones(64), "std": np.ones(64)},
        {"bn1.running_mean": MEAN},
        {"mean": MEAN, "std": np.array([0.5, 0, 0.5])},
        {"mean": MEAN, "std": -STD},
        {"mean": MEAN, "std": np.array([np.nan])},
        {"mean": np.array([np.inf]), "std": STD},
    ],
)
def test_what_is_none(tensors: dict[str, np.ndarray]) -> None:
    assert own_normalisation(tensors) is None
