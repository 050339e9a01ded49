"""Which cells compute in float16 at which level (what it does to a step: test_step.py)."""

import mindspore as ms
import numpy as np
import pytest

from models.resnext import ResNeXt, architecture
from models.training.precision import first_loss_scale, in_precision
from models.training.training_config import load_config
from tests.models.training.made_network import settled


@pytest.mark.parametrize("level", ["O0", "O1", "O2", "O3"])
def test_outputs_stay_close_and_in_float32(level: str) -> None:
    image = ms.Tensor(np.random.default_rng(0).standard_normal((2, 3, 32, 32)), ms.float32)
    plain = settled(ResNeXt(architecture("resnext_digits"), 10)).set_train(mode=False)
    config = load_config(None, {"amp_level": level})
    other = in_precision(settled(ResNeXt(architecture("resnext_digits"), 10)), config).set_train(mode=False)
    expected, found = plain(image).asnumpy(), other(image).asnumpy()
    assert found.dtype == np.float32
    assert (np.abs(found - expected).max() > 0) == (level != "O0")
    np.testing.assert_allclose(found, expected, atol=0.02 * np.abs(expected).max())
    assert first_loss_scale(config) == (1 if level == "O0" else 1024)
