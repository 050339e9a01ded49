"""The data that travels through a stream: one encoded image and the results of each element."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

import numpy.typing as npt

Pixels = npt.NDArray[Any]  # uint8 or float32
Array = npt.NDArray[Any]


class PixelFormat(IntEnum):
    """The vendor's numbers for the order of the colours."""

    RGB888 = 12
    BGR888 = 13


class Preprocessed(NamedTuple):
    """The size of a picture before an element changed it. The opencv handlers record no more of what they do."""

    width_px: int
    height_px: int
    element: str


@dataclass(frozen=True, slots=True)
class Vision:
    """A decoded picture: uint8 or float32, (height, width, 3), in host memory.

    `source` and `member` are its header: the metadata key of its parent, and the index of the parent in that list.
    `preprocessed` lists its resizes and crops, first one first.
    `full_px` is the (width, height) that it would have if its decoder had not reduced it.
    """

    pixels: Pixels
    format: PixelFormat = PixelFormat.BGR888
    resize_type: int = 0
    scaling: float = 0.0
    source: str = ""
    member: int = 0
    full_px: tuple[int, int] | None = None
    preprocessed: tuple[Preprocessed, ...] = ()

    def changed_by(self, element: str) -> tuple[Preprocessed, ...]:
        """The resizes and crops of a picture that an element makes from this one."""
        height, width = self.pixels.shape[:2]
        width, height = self.full_px or (width, height)
        return (*self.preprocessed, Preprocessed(width, height, element))


@dataclass(frozen=True, slots=True)
class Visions:
    """The pictures of one frame; every element except a crop makes exactly one."""

    items: tuple[Vision, ...]


@dataclass(frozen=True, slots=True)
class TensorPackage:
    """The outputs of a model for one picture, each with a leading dimension of 1."""

    arrays: tuple[Array, ...]
    source: str = ""
    member: int = 0


@dataclass(frozen=True, slots=True)
class TensorPackages:
    """The tensors of one frame, one package per picture."""

    items: tuple[TensorPackage, ...]


class ClassResult(NamedTuple):
    """One entry of a classification. A named tuple is cheap to make, and each picture needs up to sixteen."""

    class_id: int
    class_name: str
    confidence: float
    source: str = ""
    member: int = 0


@dataclass(frozen=True, slots=True)
class Classes:
    """The best classes of every picture of one frame, picture by picture, best first."""

    results: tuple[ClassResult, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels, sent with an image; the right and lower edges are exclusive."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Boxes:
    """The rectangles sent with an image, under the key "appInput"."""

    items: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Foreign:
    """A protobuf message that a caller sent and no element here reads."""

    message: Any


LOST_ID = -1  # the id of a frame that the vendor loses: no caller gets its result by id

Metadata = Visions | TensorPackages | Classes | Boxes | Foreign


@dataclass(frozen=True, slots=True)
class FrameError:
    """Why an element failed a frame: the vendor's code and text."""

    code: int
    text: str


@dataclass(slots=True)
class Frame:
    """One buffer: the sent bytes, metadata and errors by element name, and the seconds spent per stage.

    An element skips a frame that has an error and passes it on, so the stream continues. `serialized` means that
    `data` is the result and not the image, `slow` that the image takes long to decode.
    """

    data: bytes
    unique_id: int
    metadata: dict[str, Metadata] = field(default_factory=dict)
    errors: dict[str, FrameError] = field(default_factory=dict)
    stages_s: dict[str, float] = field(default_factory=dict)
    serialized: bool = False
    slow: bool = False
