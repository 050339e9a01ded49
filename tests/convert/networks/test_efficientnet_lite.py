import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from convert.networks.architectures import parameter_shapes
from convert.networks.efficientnet_lite import recognised_variant
from models.store import StoredModel

Run = Callable[[Path, np.ndarray], np.ndarray]


# 285: Egyptian cat, 967: espresso. Symmetric padding instead of TensorFlow's gives 0.649 and 0.915.
@pytest.mark.parametrize(("photo", "class_id", "probability"), [("cat", 285, 0.7847), ("coffee", 967, 0.9166)])
def test_known_photos(
    efficientnet: StoredModel, run: Run, photos: dict[str, np.ndarray], photo: str, class_id: int, probability: float
) -> None:
    _, path = efficientnet.check_artifact("cpu")
    logits = run(path, photos[photo][None])[0].astype(np.float64)
    probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    assert probabilities.argmax() == class_id
    assert probabilities[class_id] == pytest.approx(probability, abs=5e-4)


# As TensorFlow's table has them, in millions: 4.7, 5.4, 6.1, 8.2, 13.0 (README of tensorflow/tpu, models/official/efficientnet/lite).
@pytest.mark.parametrize(
    ("variant", "parameters"), [("0", 4_652_008), ("1", 5_416_680), ("2", 6_092_072), ("3", 8_197_096), ("4", 13_006_568)]
)
def test_every_variant(variant: str, parameters: int) -> None:
    shapes = parameter_shapes(f"efficientnet_lite{variant}", 1000)
    assert sum(math.prod(shape) for name, shape in shapes.items() if ".running_" not in name) == parameters
    placeholders = {name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()}
    assert recognised_variant(placeholders) == f"efficientnet_lite{variant}"
    del placeholders["_blocks.5._project_conv.weight"]
    assert recognised_variant(placeholders) is None


def test_names_and_shapes() -> None:
    shapes = parameter_shapes("efficientnet_lite0", 1000)
    assert len(shapes) == 296 - 49  # the checkpoint without its step counters
    assert shapes["_conv_stem.weight"] == (32, 3, 3, 3)
    assert "_blocks.0._expand_conv.weight" not in shapes
    assert shapes["_blocks.1._expand_conv.weight"] == (96, 16, 1, 1)
    assert shapes["_blocks.3._depthwise_conv.weight"] == (144, 1, 5, 5)
    assert shapes["_blocks.15._project_conv.weight"] == (320, 1152, 1, 1)
    assert shapes["_conv_head.weight"] == (1280, 320, 1, 1)
