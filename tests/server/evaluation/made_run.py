"""Runs made up for the tests: a manifest, records with known answers, and their matrix for other libraries."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from server.evaluation.run.records import Record
from server.evaluation.run.run_manifest import RunManifest
from server.types import ClassScore, Prediction

KEPT = 16  # classes of an answer


def class_names(classes: int) -> list[str]:
    return [f"class {class_id}" for class_id in range(classes)]


def made_manifest(listed: int, classes: int = 4, **changes: Any) -> RunManifest:
    fields: dict[str, Any] = {
        "model": "made",
        "model_version": "1",
        "model_sha256": "a" * 64,
        "recipe_sha256": "b" * 64,
        "labels_sha256": "c" * 64,
        "list_sha256": "d" * 64,
        "dataset": "set",
        "dataset_format": "class folders (class ids)",
        "listed": listed,
        "labelled": listed,
        "classes": classes,
        "engine": "stream",
        "runtime": "cpu",
    }
    return RunManifest(**(fields | changes))


def answer(index: int, label: int | None, *classes: int, score: float = 0.9, **changes: Any) -> Record:
    """A record whose classes have falling scores."""
    top = tuple((class_id, score / 2**place) for place, class_id in enumerate(classes))
    return Record(index=index, name=f"{index}.png", label=label, top=top, **changes)


def failure(index: int, label: int | None, outcome: str = "undecodable_image") -> Record:
    return Record(index=index, name=f"{index}.png", label=label, outcome=outcome)


class Matrix(NamedTuple):
    """Labels, a score for each class and image, and which of the images were answered."""

    labels: NDArray[np.int64]
    scores: NDArray[np.float64]
    answered: NDArray[np.bool_]


@st.composite
def matrices(draw: st.DrawFn, *, ties: bool = False) -> Matrix:
    images, classes = draw(st.integers(1, 40)), draw(st.integers(2, 20))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels = random.integers(0, 4, (images, classes)) + 1.0 if ties else random.random((images, classes)) ** 4 + 1e-9
    scores = levels / levels.sum(axis=1, keepdims=True)
    return Matrix(random.integers(0, classes, images), scores, random.random(images) < 0.8)


def records_of(matrix: Matrix) -> list[Record]:
    """The records a server would write: the best 16, of equal scores the lower class first."""
    return [_record(index, matrix) for index in range(len(matrix.labels))]


def _record(index: int, matrix: Matrix) -> Record:
    record = Record(index=index, name=f"{index}.png", label=int(matrix.labels[index]), outcome="undecodable_image")
    return record.answered(prediction(matrix.scores[index])) if matrix.answered[index] else record


def prediction(scores: Sequence[float] | NDArray[np.float64]) -> Prediction:
    best = np.argsort(-np.asarray(scores), kind="stable")[:KEPT]
    return Prediction(tuple(ClassScore(int(place), "", float(scores[place])) for place in best), "fake", stages_s={"infer": 0.012})
