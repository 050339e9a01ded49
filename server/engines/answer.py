"""Converts a result of the pipeline to a prediction, or to the error for the client."""

import json
import re
from collections.abc import Mapping
from math import isfinite

from pipelines.codes import Code
from server.engines.all_scores import packed
from server.engines.plan import FullScores
from server.engines.process.stream_lanes import NOT_SENT
from server.engines.score_vector import best_of, read_vector
from server.engines.tensor_message import NotATensor
from server.errors import EngineFailed, ScoresUnavailable, ServiceError, StreamFull, UndecodableImage
from server.types import ClassScore, Prediction, ScoreType

# Codes by which the elements before the inference refuse a picture for its format, its size, or its size after the resize. (The vendor's
# short-side resize first allocates the whole picture and returns 1004 "Memory malloc failed"; seen on its engine.)
_IMAGE_CODES = frozenset(
    {Code.DVPP_CROP_FAIL, Code.DVPP_INVALID_FORMAT, Code.DVPP_INVALID_IMAGE_WIDTH, Code.DVPP_INVALID_IMAGE_HEIGHT},
)
UNDECODED = "The image cannot be decoded."
_IMAGE_WORDS = re.compile(rb"malloc|resize|crop|decode", re.IGNORECASE)


def read_answer(code: int, data: bytes, score_type: ScoreType, stages_s: Mapping[str, float]) -> Prediction | ServiceError:
    """Convert a result of the pipeline to a prediction, or to the error for the client."""
    return _failure(code, data) or _best(data, score_type, stages_s)


def read_full(
    code: int, data: bytes, full: FullScores | None, score_type: ScoreType, stages_s: Mapping[str, float]
) -> Prediction | ServiceError:
    """The same for a stream of scores, whose data is a serialized MxpiTensorPackageList; `full` is None if there is no such stream."""
    if full is None:
        return no_full_scores()
    if error := _failure(code, data):
        return error
    try:
        scores = read_vector(data, full.classes, score_type if full.softmax else "logit")
    except NotATensor as error:
        return EngineFailed(str(error))
    return Prediction(best_of(scores, full.labels), "stream", score_type, stages_s, packed(scores))


def no_full_scores() -> ScoresUnavailable:
    """The error for a request for the scores of all classes if no stream gives them. It is not a fault of the engine."""
    return ScoresUnavailable(
        "The engine gives only the scores of the best 16 classes.",
        "Set FULL_SCORES=yes; in your own pipeline, add a stream scores0 that leads from an appsrc0, as in the others, to "
        "mxpi_tensorinfer0 and from there to appsink0.",
    )


def _failure(code: int, data: bytes) -> ServiceError | None:
    if code == Code.COMM_INVALID_PARAM and data.startswith(b"Opencv decode failed"):
        return UndecodableImage(UNDECODED, "It is damaged inside its coded pixels: send the original file.")
    if code == NOT_SENT and not data:
        return StreamFull("The stream did not take the image in time.", "Try again in a moment.")
    if code in _IMAGE_CODES or (code == Code.COMM_INVALID_PARAM and _IMAGE_WORDS.search(data)):
        what = f"The engine cannot process this image (code {int(code)}): {data.decode(errors='replace').strip()}"
        return UndecodableImage(what, "Send it in another size or shape.")
    if code:
        return EngineFailed(f"The pipeline failed on the image with code {int(code)}: {data.decode(errors='replace').strip()}")
    return None


def _best(data: bytes, score_type: ScoreType, stages_s: Mapping[str, float]) -> Prediction | ServiceError:
    try:
        entries = json.loads(data).get("MxpiClass", [])
        scores = tuple([ClassScore(int(entry["classId"]), entry["className"], float(entry["confidence"])) for entry in entries])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return EngineFailed(f"The pipeline's result cannot be read: {error!r}.")
    if not scores:
        return EngineFailed("The pipeline returned an empty result.")
    if not all(isfinite(score.score) for score in scores):
        return EngineFailed("The model returned a score that is not a number.")
    return Prediction(scores, "stream", score_type, stages_s)
