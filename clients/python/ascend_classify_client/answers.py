"""The server's answers as objects. Fields that this version does not know are left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ascend_classify_client.client_errors import AnswerInvalid


@dataclass(frozen=True)
class Prediction:
    """One class: its number from 0, its name, and its score."""

    class_id: int
    label: str
    score: float


@dataclass(frozen=True)
class PredictionSet:
    """The classes, best first, of which one is right with a probability of at least `coverage`."""

    coverage: float
    classes: tuple[Prediction, ...]


@dataclass(frozen=True)
class Answer:
    """The best classes of one image, best first.

    `score_type` is probability, logit or calibrated. `timing_ms` has the milliseconds of each stage; it is empty in a batch.
    """

    model: str
    version: str
    engine: str
    score_type: str
    predictions: tuple[Prediction, ...]
    prediction_set: PredictionSet | None = None
    timing_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def best(self) -> Prediction:
        """The best class."""
        return self.predictions[0]


@dataclass(frozen=True)
class ImageError:
    """Why one image of a batch has no answer; `code` is the kind of the error as one word."""

    error: str
    code: str


@dataclass(frozen=True)
class Evaluation:
    """An evaluation and its progress: pace and accuracies are of the `done` images. `total` is None before the set is read."""

    id: str
    state: str
    done: int
    total: int | None
    images_per_s: float | None
    top1: float | None
    topk: float | None
    left_s: float | None
    error: str | None

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state not in ("queued", "running")


def read_answer(told: Any) -> Answer:
    """Raises AnswerInvalid."""
    try:
        found = told.get("prediction_set")
        return Answer(
            model=str(told["model"]),
            version=str(told["version"]),
            engine=str(told["engine"]),
            score_type=str(told["score_type"]),
            predictions=_classes(told["predictions"]),
            prediction_set=PredictionSet(float(found["coverage"]), _classes(found["classes"])) if found else None,
            timing_ms=dict(told.get("timing_ms") or {}),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AnswerInvalid(f"The answer is not one of this project's: {error!r}.") from error


def read_batch(told: Any, images: int) -> list[Answer | ImageError]:
    """One outcome for each image; raises AnswerInvalid."""
    try:
        results = [ImageError(str(each["error"]), str(each["code"])) if "error" in each else read_answer(each) for each in told["results"]]
    except (KeyError, TypeError) as error:
        raise AnswerInvalid(f"The answer to a batch is not one of this project's: {error!r}.") from error
    if len(results) != images:
        raise AnswerInvalid(f"{images} images were sent, and {len(results)} answers came.")
    return results


def read_evaluation(told: Any) -> Evaluation:
    """Raises AnswerInvalid."""
    try:
        wanted = ("total", "images_per_s", "top1", "topk", "left_s", "error")
        return Evaluation(id=str(told["id"]), state=str(told["state"]), done=int(told["done"]), **{each: told.get(each) for each in wanted})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AnswerInvalid(f"The answer is not an evaluation: {error!r}.") from error


def _classes(told: Any) -> tuple[Prediction, ...]:
    found = tuple(Prediction(int(each["class_id"]), str(each["label"]), float(each["score"])) for each in told)
    if not found:
        raise ValueError("no classes")
    return found
