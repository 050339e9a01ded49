"""The picture an engine is warmed up and probed with."""

import cv2
import numpy as np


def probe_image() -> bytes:
    """A baseline JPEG, 256x256, mid grey: within the limits of every decoder, DVPP included."""
    return cv2.imencode(".jpg", np.full((256, 256, 3), 128, np.uint8))[1].tobytes()
