"""What travels through a stream: one encoded image, and what each element has made of it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[Any]  # uint8 or float32
Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Vision:
    """A decoded picture: uint8 or float32, (height, width, 3), in host memory."""

    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Tensors:
    """The outputs of a model for one image, each with a leading dimension of 1."""

    arrays: tuple[Array, ...]


@dataclass(frozen=True, slots=True)
class ClassResult:
    """One entry of a classification."""

    class_id: int
    class_name: str
    confidence: np.float32


@dataclass(frozen=True, slots=True)
class Classes:
    """The best classes of one image, best first."""

    results: tuple[ClassResult, ...]


Metadata = Vision | Tensors | Classes


@dataclass(frozen=True, slots=True)
class FrameError:
    """Why an element failed a frame: the vendor's code and text."""

    code: int
    text: str


@dataclass(slots=True)
class Frame:
    """One buffer: the bytes that were sent, the metadata by element name, the errors, and the seconds spent by stage.

    An element that finds an error skips its work and passes the frame on, so the stream survives.
    """

    data: bytes
    unique_id: int
    metadata: dict[str, Metadata] = field(default_factory=dict)
    errors: dict[str, FrameError] = field(default_factory=dict)
    stages_s: dict[str, float] = field(default_factory=dict)
    serialized: bool = False  # `data` is a result, no longer the image
