import numpy as np
import pytest

from convert.conversion_errors import ConvertError
from convert.exports.score_probe import pictures, probe, takes
from tests.convert.exports.exports_made import Export, step


def test_inner_values_and_outputs() -> None:
    model = Export(after=(step("Softmax", axis=1),)).model()
    before = model.SerializeToString()
    logits, shares = probe(model, ["logits", "value5"], (1, 3, 32, 32), "recipe")
    assert model.SerializeToString() == before
    powers = np.exp(logits)
    np.testing.assert_allclose(shares, powers / powers.sum(axis=1, keepdims=True), atol=1e-6)
    assert logits.shape == (12, 10)
    assert (probe(model, ["logits"], (1, 3, 32, 32), "recipe")[0] == logits).all()


def test_a_fixed_batch_is_kept() -> None:
    (logits,) = probe(Export(image=(16, 3, 32, 32)).model(), ["logits"], (16, 3, 32, 32), "0-1")
    assert logits.shape == (32, 10)


@pytest.mark.parametrize(("pixels", "low", "high"), [("0-255", 0, 255), ("0-1", 0, 1), ("recipe", -9, 9), ("unclear", -9, 9)])
def test_pictures(pixels: str, low: float, high: float) -> None:
    made = np.concatenate(pictures((2, 3, 32, 32), pixels))  # type: ignore[arg-type]
    assert made.shape == (12, 3, 32, 32)
    assert low <= made.min() < low + (high - low) / 20
    assert high >= made.max() > high - (high - low) / 20
    assert (made[3, 0] == made[3, 0, 0, 0]).all()
    assert len(np.unique(made)) > 250
    spans = np.ptp(made, axis=(1, 2, 3)) / (high - low)
    assert (spans[[2, 4, 5]] < 0.12).all()
    assert spans[5] < spans[4] < spans[2]


def test_a_network_that_does_not_work() -> None:
    model = Export(image=("N", 1, 32, 32), channels=3).model()
    with pytest.raises(ConvertError, match=r"OpenVINO cannot run the network on input \[1, 1, 32, 32\]: Data batch channel count \(1\)"):
        probe(model, ["logits"], (1, 1, 32, 32), "recipe")
    assert [takes(model, [1, channels, 32, 32]) for channels in (1, 3)] == [False, False]
    assert takes(Export().model(), [5, 3, 32, 32])
