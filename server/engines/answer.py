"""What a result of the pipeline means: a prediction, or the error the client is told."""

import json
from collections.abc import Mapping
from math import isfinite

from pipelines.codes import Code
from server.errors import EngineFailed, ServiceError, UndecodableImage
from server.types import ClassScore, Prediction, ScoreType


def read_answer(code: int, data: bytes, score_type: ScoreType, stages_s: Mapping[str, float]) -> Prediction | ServiceError:
    """What a result of the pipeline means: a prediction, or the error the client is told."""
    if code == Code.COMM_INVALID_PARAM and data.startswith(b"Opencv decode failed"):
        return UndecodableImage("The image cannot be decoded.", "It is damaged inside its coded pixels: send the original file.")
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
