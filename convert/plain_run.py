"""Runs a plain network, without its recipe, on a CPU in f32."""

from functools import cached_property
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from convert.fold import unfold
from models.manifest import Recipe
from models.store import StoredModel
from pipelines.cpu.quiet_openvino import ov

Floats = NDArray[np.float32]


def network_input(picture: NDArray[np.uint8], recipe: Recipe) -> Floats:
    """From a picture of the network's size, uint8 [H, W, 3] in BGR, to what the network takes: float32 [1, 3, H, W], (x - mean) / std."""
    if recipe.colour_order == "RGB":
        picture = picture[:, :, ::-1]
    normalised = (picture.astype(np.float32) - np.array(recipe.mean, np.float32)) / np.array(recipe.std, np.float32)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1)[None])


class PlainRun:
    """The plain network of a model's CPU artifact; it is loaded when the first picture comes."""

    def __init__(self, model: StoredModel) -> None:
        self._model = model

    def logits(self, picture: Floats) -> Floats:
        """The logits, (classes,), of one normalised picture, float32 [1, C, H, W]. Raises ModelNotPrepared, ArtifactDamaged."""
        batch = self._network.input(0).shape[0]  # more than one if the network works only for that number
        scores: Floats = self._request.infer([np.repeat(picture, batch, axis=0)])[0][0]
        return scores

    @cached_property
    def _request(self) -> Any:  # noqa: ANN401 - OpenVINO has no types
        return self._network.create_infer_request()

    @cached_property
    def _network(self) -> Any:  # noqa: ANN401
        core = ov.Core()
        network = core.read_model(unfold(onnx.load(self._model.check_artifact("cpu")[1])).SerializeToString())
        batch, *image = network.input(0).get_partial_shape()
        if batch.is_dynamic:
            network.reshape([1, *(side.get_length() for side in image)])
        return core.compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
