"""The types that travel between the API, the admission and the engines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

ScoreType = Literal["probability", "logit"]
Scores = Literal["top", "full"]
"""Which scores of an image are wanted: the best min(16, classes), or those of all classes besides."""
Runtime = Literal["ascend", "cpu"]
"""What runs a pipeline: the vendor's SDK, or this project's CPU runtime."""


class ImageFormat(StrEnum):
    """The encodings that are accepted."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    BMP = "bmp"


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An image whose structure has been checked and which nobody has decoded; sizes are as stored, before any rotation.

    `orientation` is the EXIF orientation, 1-8 (1: upright, or not told). `decode_s` and `decoded_bytes` are estimates of what
    decoding costs: seconds of one core, and bytes at the peak.
    """

    data: bytes = field(repr=False)
    format: ImageFormat
    width_px: int
    height_px: int
    orientation: int = 1
    decode_s: float = field(default=0.0, compare=False)
    decoded_bytes: int = field(default=0, compare=False)


class ClassScore(NamedTuple):
    """One class and its score; a tuple, since sixteen are made for an image."""

    class_id: int
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What an engine answers: the best min(16, classes) classes, best first, and where the time went.

    `all_scores`, where they were asked for, are those of all classes, in the order of the class ids, as little-endian float32.
    """

    scores: tuple[ClassScore, ...]
    engine: str
    score_type: ScoreType = "probability"
    stages_s: Mapping[str, float] = field(default_factory=dict)
    all_scores: bytes | None = field(default=None, repr=False)
