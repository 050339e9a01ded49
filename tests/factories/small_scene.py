"""The scene that the odd but valid pictures show: small and of odd sides, with an edge, slopes and grain."""

import io
from typing import Any

import numpy as np
from PIL import Image

from pipelines.cpu.elements.frame import Pixels
from tests.soak.image_seeds import scene

SCENE: Pixels = np.ascontiguousarray(scene()[14:43, 40:71])
"""RGB, 31x29."""
OBLONG: Pixels = np.ascontiguousarray(SCENE[:15])


def written(pixels: Pixels, kind: str, mode: str = "RGB", **options: Any) -> bytes:
    """The picture as Pillow converts and writes it; alpha, where the mode has it, goes from clear to opaque."""
    into = io.BytesIO()
    picture = Image.fromarray(pixels).convert(mode)
    if mode.endswith("A"):
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    picture.save(into, kind, **options)
    return into.getvalue()
