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


@cache
def damaged_image() -> bytes:
    """A JPEG, 64x64, of which a part of the coded pixels is missing: every decoder gives pixels, and libjpeg warns."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    whole = cv2.imencode(".jpg", noise)[1].tobytes()
    return whole[: len(whole) * 3 // 4] + whole[-2:]


def probe_request(timeout_s: float) -> InferenceRequest:
    """A request with the picture."""
    return InferenceRequest(EncodedImage(probe_image(), ImageFormat.JPEG, SIDE_PX, SIDE_PX), "probe", monotonic() + timeout_s)
