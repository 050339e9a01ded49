"""The work that all peers do for a picture: decode, resize, infer, the five best classes. Knows nothing of ascend-classify.

`python PEER.py MODEL WIDTH HEIGHT PRECISION PORT` serves it at `/classify`; PRECISION is "f32", "bf16" or "default": OpenVINO's choice.
"""

import sys
import threading
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import openvino as ov

cv2.setNumThreads(1)


@dataclass(frozen=True)
class Arguments:
    """The arguments of a peer's program."""

    model: str
    width_px: int
    height_px: int
    precision: str
    port: int

    @classmethod
    def of_command_line(cls) -> "Arguments":
        """Those of this process."""
        model, width_px, height_px, precision, port = sys.argv[1:]
        return cls(model, int(width_px), int(height_px), precision, int(port))


class Network:
    """The compiled network; `classify` may be called from several threads."""

    def __init__(self, arguments: Arguments, **config: object) -> None:
        self._size = (arguments.width_px, arguments.height_px)
        options: dict[str, object] = {"PERFORMANCE_HINT": "THROUGHPUT"} | config
        if arguments.precision != "default":
            options["INFERENCE_PRECISION_HINT"] = arguments.precision
        core = ov.Core()
        model = core.read_model(arguments.model)
        if model.input(0).get_partial_shape()[0].is_dynamic:
            model.reshape([1, arguments.height_px, arguments.width_px, 3])
        self._compiled = core.compile_model(model, "CPU", options)
        self._own = threading.local()

    def classify(self, image: bytes) -> list[dict[str, float]]:
        """The five best classes with their probabilities."""
        pixels: Any = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
        picture = cv2.resize(pixels, self._size, interpolation=cv2.INTER_LINEAR)[None]
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        scores = self._own.request.infer({0: picture})[0][0]
        powers = np.exp(scores - scores.max())
        probabilities = powers / powers.sum()
        best = np.argsort(probabilities)[-5:][::-1]
        return [{"class_id": int(class_id), "score": float(probabilities[class_id])} for class_id in best]
