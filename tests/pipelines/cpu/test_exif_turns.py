"""What this OpenCV does with an orientation is found out by pictures; here by others than the module's."""

import cv2
import numpy as np

from pipelines.cpu.exif_turns import turns_pictures
from tests.server.images.test_upright import UPRIGHT, png, webp


def test_it_tells_what_opencv_does() -> None:
    shown = [cv2.imdecode(np.frombuffer(kind(6), np.uint8), cv2.IMREAD_COLOR) for kind in (png, webp)]
    assert turns_pictures() == all(pixels is not None and pixels.shape == UPRIGHT.shape for pixels in shown)
