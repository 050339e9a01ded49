"""What a result of the pipeline means: a prediction, or the error the client is told."""

import json
from collections.abc import Mapping
from math import isfinite

from pipelines.codes import Code
from server.engines.process.stream_lanes import NOT_SENT
from server.errors import EngineFailed, ServiceError, StreamFull, UndecodableImage
from server.types import ClassScore, Prediction, ScoreType

# What the elements before the inference answer to the picture itself: its format, its size, or its size after the resize.
_IMAGE_CODES = frozenset(
    {
        Code.COMM_INVALID_PARAM,
        Code.DVPP_CROP_FAIL,
        Code.DVPP_INVALID_FORMAT,
        Code.DVPP_INVALID_IMAGE_WIDTH,
        Code.DVPP_INVALID_IMAGE_HEIGHT,
    }
)


def read_answer(code: int, data: bytes, score_type: ScoreType, stages_s: Mapping[str, float]) -> Prediction | ServiceError:
    """What a result of the pipeline means: a prediction, or the error the client is told."""
    if code == Code.COMM_INVALID_PARAM and data.startswith(b"Opencv decode failed"):
        return UndecodableImage("The image cannot be decoded.", "It is damaged inside its coded pixels: send the original file.")
    if code == NOT_SENT and not data:
        return StreamFull("The stream did not take the image in time.", "Try again in a moment.")
    if code in _IMAGE_CODES:
        what = f"The engine cannot process this image (code {int(code)}): {data.decode(errors='replace').strip()}"
        return UndecodableImage(what, "Send it in another size or shape.")
    if code:
        return EngineFailed(f"The pipeline failed the image with code {int(code)}: {data.decode(errors='replace').strip()}")
    try:
        entries = json.loads(data).get("MxpiClass", [])
        scores = tuple([ClassScore(int(entry["classId"]), entry["className"], float(entry["confidence"])) for entry in entries])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return EngineFailed(f"The pipeline's result cannot be read: {error!r}.")
    if not scores:
        return EngineFailed("The pipeline gave an empty result.")
    if not all(isfinite(score.score) for score in scores):
        return EngineFailed("The model gave a score that is not a number.")
    return Prediction(scores, "stream", score_type, stages_s)
