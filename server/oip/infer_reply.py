"""The answer to a request for inference: its outputs, made from what the engines answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.manifest import MAX_TOP_K
from server.api.error_response import told
from server.engines.all_scores import FLOAT32
from server.engines.score_vector import best_of
from server.errors import BadRequest, ServiceError
from server.oip.infer_request import InferRequest, RequestedOutput
from server.oip.tensors import BYTES, FP32, INT64, OutputTensor, Value
from server.types import ClassScore, Prediction, Scores

SCORES, CLASSES, LABELS, PROBABILITIES, ERRORS = "scores", "classes", "labels", "probabilities", "errors"
OUTPUTS = (SCORES, CLASSES, LABELS, PROBABILITIES)
BEST = 5
"""Classes in the outputs of the best."""
NO_CLASS = -1
"""In `classes`, for an image that is refused."""
Outcome = Prediction | ServiceError


@dataclass(frozen=True, slots=True)
class InferReply:
    """An answer: each output, and whether the client wants it as binary."""

    model_name: str
    model_version: str
    id: str
    parameters: Mapping[str, Value]
    outputs: Sequence[tuple[OutputTensor, bool]]


def wanted_outputs(request: InferRequest) -> Sequence[RequestedOutput]:
    """The outputs of a request, all if it names none; raises BadRequest."""
    for each in request.outputs:
        if each.name not in (*OUTPUTS, *((ERRORS,) if request.partial else ())):
            raise BadRequest(
                f"The output {each.name[:80]!r} is unknown.", f"The outputs are {', '.join(OUTPUTS)}; with partial also {ERRORS}."
            )
        if each.classes and each.name not in (SCORES, PROBABILITIES):
            raise BadRequest(f"The output {each.name} has no classification.", f"Ask for it with {SCORES}.")
    if len({each.name for each in request.outputs}) < len(request.outputs):
        raise BadRequest("An output is asked for twice.", "Ask for each output once.")
    found = request.outputs or [RequestedOutput(name, binary=request.binary) for name in OUTPUTS]
    named = {each.name for each in found}
    return [*found, *([RequestedOutput(ERRORS, binary=found[0].binary)] if request.partial and ERRORS not in named else [])]


def needed_scores(outputs: Sequence[RequestedOutput], classes: int) -> Scores:
    """What the engine is asked for: the best sixteen are always there, and few clients need more."""
    most = min(MAX_TOP_K, classes)
    return "full" if any((each.name == SCORES and not 0 < each.classes <= most) or each.classes > most for each in outputs) else "top"


class OutputTensors:
    """Makes the outputs of a model from one outcome for each image. `labels` reads those of all classes."""

    def __init__(self, outcomes: Sequence[Outcome], classes: int, labels: Callable[[], Sequence[str]]) -> None:
        self._outcomes = outcomes
        full = (len(each.all_scores) // FLOAT32.itemsize for each in outcomes if isinstance(each, Prediction) and each.all_scores)
        self._classes = next(full, classes)  # the engine fake has fewer than the manifest
        self._labels = labels

    def make(self, wanted: RequestedOutput) -> OutputTensor:
        """One output."""
        if wanted.classes:
            return self._classification(wanted)
        if wanted.name == SCORES:
            rows = np.full((len(self._outcomes), self._classes), np.nan, FLOAT32)
            for row, outcome in zip(rows, self._outcomes, strict=True):
                if isinstance(outcome, Prediction):
                    row[:] = np.frombuffer(outcome.all_scores or b"", FLOAT32)
            return OutputTensor(SCORES, FP32, rows.shape, rows)
        if wanted.name == ERRORS:
            texts = [b"" if isinstance(outcome, Prediction) else told(outcome).encode() for outcome in self._outcomes]
            return OutputTensor(ERRORS, BYTES, (len(texts),), elements=texts)
        return self._best(wanted.name)

    def _best(self, name: str) -> OutputTensor:
        count = min(BEST, self._classes)
        shape = len(self._outcomes), count
        rows = [self._row(outcome, count) for outcome in self._outcomes]
        if name == LABELS:
            return OutputTensor(LABELS, BYTES, shape, elements=[score.label.encode() for row in rows for score in row])
        if name == CLASSES:
            ids = [[score.class_id for score in row] for row in rows]
            return OutputTensor(CLASSES, INT64, shape, np.array(ids, "<i8"))
        return OutputTensor(PROBABILITIES, FP32, shape, np.array([[score.score for score in row] for row in rows], FLOAT32))

    def _classification(self, wanted: RequestedOutput) -> OutputTensor:
        """The classification extension: `value:index:label`, best first."""
        count = min(wanted.classes, self._classes)
        elements = [
            b"" if score.class_id == NO_CLASS else f"{score.score:.6f}:{score.class_id}:{score.label}".encode()
            for outcome in self._outcomes
            for score in self._row(outcome, count)
        ]
        return OutputTensor(wanted.name, BYTES, (len(self._outcomes), count), elements=elements)

    def _row(self, outcome: Outcome, count: int) -> Sequence[ClassScore]:
        """The best classes of an image; for one that is refused, as many places that say so."""
        if not isinstance(outcome, Prediction):
            return [ClassScore(NO_CLASS, "", float("nan"))] * count
        if count <= len(outcome.scores):
            return outcome.scores[:count]
        return best_of(np.frombuffer(outcome.all_scores or b"", FLOAT32), self._labels(), count)
