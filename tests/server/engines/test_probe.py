"""The probe picture."""

import cv2
import numpy as np

from server.engines.probe import probe_image
from server.images.inspection import inspect_image


def test_it_is_an_intact_grey_jpeg() -> None:
    image = inspect_image(probe_image(), 10**6)
    assert (image.format, image.width_px, image.height_px) == ("jpeg", 256, 256)
    pixels = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert np.unique(pixels).tolist() == [128]
