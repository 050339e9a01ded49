"""The picture for the warm-up and for probes of an engine."""

from functools import cache
from time import monotonic

import cv2
import numpy as np

from server.engines.work import InferenceRequest
from server.types import EncodedImage, ImageFormat

SIDE_PX = 256


@cache
def probe_image() -> bytes:
    """A baseline JPEG, 256x256, mid grey: within the limits of every decoder, also DVPP's."""
    return cv2.imencode(".jpg", np.full((SIDE_PX, SIDE_PX, 3), 128, np.uint8))[1].tobytes()


def probe_request(timeout_s: float) -> InferenceRequest:
    """A request with the picture."""
    return InferenceRequest(EncodedImage(probe_image(), ImageFormat.JPEG, SIDE_PX, SIDE_PX), "probe", monotonic() + timeout_s)
