"""What travels through a stream: one encoded image, and what each element has made of it."""

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


@dataclass(frozen=True, slots=True)
class Vision:
    """A decoded picture: uint8 or float32, (height, width, 3), in host memory.

    `source` and `member` are its header: the key of the metadata it was made of, and its place there.
    """

    pixels: Pixels
    format: PixelFormat = PixelFormat.BGR888
    resize_type: int = 0
    scaling: float = 0.0
    source: str = ""
    member: int = 0


@dataclass(frozen=True, slots=True)
class Visions:
    """The pictures of one frame; all elements but a crop make exactly one."""

    items: tuple[Vision, ...]


@dataclass(frozen=True, slots=True)
class TensorPackage:
    """The outputs of a model for one picture, each with a leading dimension of 1."""

    arrays: tuple[Array, ...]
    source: str = ""
    member: int = 0


@dataclass(frozen=True, slots=True)
class TensorPackages:
    """The tensors of one frame, a package a picture."""

    items: tuple[TensorPackage, ...]


class ClassResult(NamedTuple):
    """One entry of a classification; a tuple, since sixteen are made for a picture."""

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
    """A rectangle in pixels, as sent with an image; right and lower edge outside."""

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
    """A protobuf message that was sent and that no element here reads."""

    message: Any


LOST_ID = -1  # of a frame that the vendor loses track of: nobody gets its result by id

Metadata = Visions | TensorPackages | Classes | Boxes | Foreign


@dataclass(frozen=True, slots=True)
class FrameError:
    """Why an element failed a frame: the vendor's code and text."""

    code: int
    text: str


@dataclass(slots=True)
class Frame:
    """One buffer: the bytes that were sent, the metadata by element name, the errors, and the seconds spent by stage.

    An element that finds an error skips its work and passes the frame on, so the stream survives. `serialized` says that
    `data` is a result and no longer the image.
    """

    data: bytes
    unique_id: int
    metadata: dict[str, Metadata] = field(default_factory=dict)
    errors: dict[str, FrameError] = field(default_factory=dict)
    stages_s: dict[str, float] = field(default_factory=dict)
    serialized: bool = False
