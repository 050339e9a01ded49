"""The types that travel between the API, the admission and the engines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

ScoreType = Literal["probability", "logit", "calibrated"]
"""What an engine gives, probabilities or logits; or the probabilities that a calibration makes of either."""
Scores = Literal["top", "full"]
"""The wanted scores of an image: the best min(16, classes), or also those of all classes."""
Runtime = Literal["ascend", "cpu"]
"""The runtime of a pipeline: the vendor's SDK, or this project's CPU runtime."""


class ImageFormat(StrEnum):
    """The accepted encodings."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    BMP = "bmp"
    HEIF = "heif"  # HEIC and AVIF, with the extra `heif`; a BMP by the time that an engine gets it


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An image with a checked structure, not decoded; sizes are those of the stored picture, before any rotation.

    `orientation` is the EXIF orientation, 1-8 (1: upright, or not told). `decode_s` and `decoded_bytes` are estimates of what
    decoding costs: seconds of one core, and bytes at the peak. `coding_s` and `coding_bytes` are the part of them that a JPEG costs
    at any reduction.
    """

    data: bytes = field(repr=False)
    format: ImageFormat
    width_px: int
    height_px: int
    orientation: int = 1
    decode_s: float = field(default=0.0, compare=False)
    decoded_bytes: int = field(default=0, compare=False)
    coding_s: float = field(default=0.0, compare=False)
    coding_bytes: int = field(default=0, compare=False)


class ClassScore(NamedTuple):
    """One class and its score; a named tuple, because each image needs up to sixteen."""

    class_id: int
    label: str
    score: float


class PredictionSet(NamedTuple):
    """The classes, best first, of which one is right in `coverage` of all cases, at least; 0 < coverage < 1."""

    coverage: float
    classes: tuple[ClassScore, ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer of an engine: the best min(16, classes) classes, best first, and the seconds per stage.

    `all_scores`, if requested, holds the scores of all classes, in the order of the class ids, as little-endian float32.
    `prediction_set` is there if a coverage was asked for and the model is calibrated.
    """

    scores: tuple[ClassScore, ...]
    engine: str
    score_type: ScoreType = "probability"
    stages_s: Mapping[str, float] = field(default_factory=dict)
    all_scores: bytes | None = field(default=None, repr=False)
    prediction_set: PredictionSet | None = None
