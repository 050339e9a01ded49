"""models golden: stores a picture with the answer that a model must give."""

import hashlib
import re
from pathlib import Path

from models.manifest import CPU, Golden
from models.model_errors import ClassifyError
from models.store import ModelStore, StoredModel
from server.engines.served_precision import choose_precision
from server.images.file_errors import GoldenUnfit
from server.serving.classify_files import classify_files
from server.serving.service_assembly import choose_runtime
from server.settings import Settings
from server.types import Prediction

TOLERANCE = 0.05
_ENDING = re.compile(r"\.[a-z0-9]{1,8}")  # of those that a manifest takes


def set_golden(settings: Settings, image: Path, class_id: int | None, tolerance: float) -> Golden:
    """Classify the image with the serving engine and store it with its answer; raises GoldenUnfit if it is not `class_id`."""
    from models.store_writer import set_golden as keep

    model = ModelStore(settings.model_store).open(settings.model)
    ((_, outcome),) = classify_files(settings, [image], model)
    if isinstance(outcome, ClassifyError):
        raise outcome
    best = outcome.scores[0]
    if class_id is not None and best.class_id != class_id:
        raise GoldenUnfit(f"{image} is class {best.class_id} ({best.label}, {best.score:.4f}), not {class_id}.", "Take another photo.")
    data, golden = golden_of(settings, model, image, outcome, tolerance)
    keep(model, data, golden)
    return golden


def golden_of(
    settings: Settings, model: StoredModel, image: Path, answer: Prediction, tolerance: float = TOLERANCE
) -> tuple[bytes, Golden]:
    """The bytes of an image, and the entry that holds its answer with these settings; raises GoldenUnfit for logits."""
    best = answer.scores[0]
    if answer.score_type != "probability":
        raise GoldenUnfit("The pipeline returns logits, which have no common scale.", "Set SOFTMAX=true in its .cfg.")
    data, ending = image.read_bytes(), image.suffix.lower()
    golden = Golden(
        file=f"golden{ending if _ENDING.fullmatch(ending) else ''}",
        sha256=hashlib.sha256(data).hexdigest(),
        class_id=best.class_id,
        score=round(best.score, 6),
        tolerance=tolerance,
        precision=choose_precision(settings, model.manifest) if choose_runtime(settings) == CPU else None,  # an OM has its own
        decode="reduced" if settings.decode == "reduced" else None,
    )
    return data, golden
