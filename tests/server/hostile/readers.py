"""Those that read a picture for the tests of this folder: two libraries, and the engines, asked for the pixels before the network."""

import io
from importlib.util import find_spec
from time import monotonic

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from pipelines.cpu.elements.frame import Pixels
from server.engines.fleet.fleet import Fleet
from server.engines.work import InferenceRequest
from server.images.inspection import inspect_image
from tests.pixel_model import pixels_seen

MAX_PIXELS = 1_000_000
ENGINES = ["stream", "ascend", pytest.param("mxbase", marks=pytest.mark.skipif(find_spec("mxclassify") is None, reason="it is not built"))]


def by_pillow(data: bytes) -> Pixels:
    """BGR, upright, without alpha."""
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))[..., ::-1]


def by_opencv(data: bytes) -> Pixels:
    """BGR, upright, without alpha."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels.astype(np.uint8, copy=False)


def seen_by(fleet: Fleet, data: bytes) -> Pixels:
    """BGR, as a fleet with the pixel model decodes and stretches it; raises ServiceError when the picture is refused."""
    request = InferenceRequest(inspect_image(data, MAX_PIXELS), "odd", monotonic() + 20, scores="full")
    scores = fleet.submit(request).result(20).all_scores
    assert scores
    return pixels_seen(scores)
