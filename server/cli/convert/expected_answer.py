"""`convert import --expect PHOTO=ANSWER`: a model proves itself before it is in the store."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.manifest import Golden
from models.model_errors import ClassifyError
from models.store import StoredModel
from server.cli.golden_image import golden_of
from server.serving.classify_files import classify_files
from server.settings import Settings
from server.types import Prediction

if TYPE_CHECKING:
    from convert.conversion_errors import ConvertError

Fit = Callable[[np.ndarray], float | None]

FORM = "--expect photo.jpg=287, or --expect photo.jpg=logits.npy"


@dataclass(frozen=True)
class Expected:
    """The answer that a photo must get: a class, or a `.npy` of scores."""

    photo: Path
    answer: int | Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it names."""
        return (self.photo,) if isinstance(self.answer, int) else (self.photo, self.answer)


def parse_expected(text: str) -> Expected:
    """PHOTO=CLASS_ID or PHOTO=SCORES.npy; raises ConvertError."""
    from convert.conversion_errors import ConvertError

    photo, _, answer = text.rpartition("=")
    if photo and answer.isascii() and answer.isdecimal() and len(answer) < 6:
        return Expected(Path(photo), int(answer))
    if photo and answer.endswith(".npy"):
        return Expected(Path(photo), Path(answer))
    raise ConvertError(f"--expect cannot be {text!r}.", f"Give a photo and its class, or the scores that numpy.save wrote: {FORM}")


def prove(settings: Settings, expected: Sequence[Expected], model: StoredModel) -> tuple[bytes, Golden]:
    """Ask the engine that serves; returns the first photo with its golden answer. Raises ConvertError for another answer, ClassifyError."""
    from convert.conversion_errors import ConvertError

    last = model.manifest.classes - 1
    for each in expected:
        if isinstance(each.answer, int) and each.answer > last:
            raise ConvertError(f"--expect {each.photo}={each.answer}: the classes are 0 to {last}.", "Give the class id, counted from 0.")
    proofs = []
    with closing(classify_files(settings, [each.photo for each in expected], model, scores="full")) as outcomes:
        for each, (_, outcome) in zip(expected, outcomes, strict=True):
            if isinstance(outcome, ClassifyError):
                raise ConvertError(f"--expect {each.photo} is not classified: {outcome.message}", outcome.remedy) from outcome
            if refusal := _refusal(each, outcome, model):
                raise refusal
            proofs.append(golden_of(settings, model, each.photo, outcome))
    return proofs[0]


def _refusal(expected: Expected, prediction: Prediction, model: StoredModel) -> "ConvertError | None":
    from convert.conversion_errors import ConvertError
    from convert.preprocessing.likely_mistake import likely_mistake

    by_class = isinstance(expected.answer, int)
    found, fit = (_class_found if by_class else _scores_found)(expected, prediction, model)
    if not found:
        return None
    transform = model.manifest.transform
    interpolation = transform.interpolation if transform and not by_class else "linear"
    mistake = likely_mistake(model, expected.photo.read_bytes(), fit, interpolation)
    return ConvertError(
        f"{expected.photo} does not get the expected answer, so nothing is imported: {found}.",
        mistake
        or "No usual mistake in mean, std, scale, colours or resize explains it. Compare the recipe with the code of the training, "
        "and the order of the classes with its labels.",
    )


def _class_found(expected: Expected, prediction: Prediction, _model: StoredModel) -> tuple[str, Fit]:
    best, wanted = prediction.scores[0], expected.answer

    def fit(logits: np.ndarray) -> float | None:
        powers = np.exp(logits - logits.max())
        return float(powers.max() / powers.sum()) if int(logits.argmax()) == wanted else None

    return "" if best.class_id == wanted else f"class {best.class_id} ({best.label}, {best.score:.4f}) instead of {wanted}", fit


def _scores_found(expected: Expected, prediction: Prediction, model: StoredModel) -> tuple[str, Fit]:
    """Compare the logits behind the transform of the training: the engine's are those if its resize is that of the training."""
    from convert.conversion_errors import ConvertError
    from convert.original_transform import decode, transformed
    from convert.plain_run import PlainRun
    from convert.preprocessing.expected_scores import MAX_SHARE, logs_of, read_scores, share_of_difference

    manifest = model.manifest
    if prediction.score_type != "probability" or prediction.all_scores is None:
        raise ConvertError(f"The scores of {manifest.name} are of the kind {prediction.score_type}.", f"Give a class: {FORM}")
    wanted = read_scores(Path(str(expected.answer)), manifest.classes)
    served = found = logs_of(np.frombuffer(prediction.all_scores, "<f4").astype(np.float64))
    if manifest.transform:
        picture = transformed(decode(expected.photo.read_bytes()), manifest.transform, manifest.recipe)
        found = logs_of(PlainRun(model).logits(picture).astype(np.float64))

    def fit(logits: np.ndarray) -> float | None:
        share = share_of_difference(wanted, logs_of(logits.astype(np.float64)))
        return -share if share <= MAX_SHARE else None

    share, place = share_of_difference(wanted, found), int(np.abs(wanted - found).argmax())
    best, answered = int(wanted.argmax()), int(served.argmax())
    if share > MAX_SHARE:
        largest = f"{abs(wanted[place] - found[place]):.3g}, of class {place}"
        told = f"the largest difference of the logits is {largest}: {share:.1%} of their span, where {MAX_SHARE:.0%} is rounding"
        return f"{told}; the best class is {answered}, expected {best}", fit
    return "" if answered == best else f"the logits agree, but with the engine's resize the best class is {answered} and not {best}", fit
