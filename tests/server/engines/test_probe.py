"""The probe picture."""

import cv2
import numpy as np
import pytest

from server.engines.probe import damaged_image, probe_image
from server.errors import UndecodableImage
from server.images.inspection import inspect_image
from server.images.upright import decode_checked


def test_it_is_an_intact_grey_jpeg() -> None:
    image = inspect_image(probe_image(), 10**6)
    assert (image.format, image.width_px, image.height_px) == ("jpeg", 256, 256)
    pixels = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert np.unique(pixels).tolist() == [128]


def test_the_damaged_one_has_a_whole_structure_and_damaged_pixels() -> None:
    image = inspect_image(damaged_image(), 10**4)
    assert cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR) is not None
    with pytest.raises(UndecodableImage):
        decode_checked(image)
