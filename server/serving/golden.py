"""The golden image of a model: a picture with a known answer, checked before the model serves clients."""

import logging
from concurrent.futures import TimeoutError as NoAnswer
from time import monotonic
from typing import get_args

from models.manifest import Golden, Precision
from models.rebuild_command import golden_command
from pipelines.reduction import Decode
from server.engines.work import InferenceRequest
from server.errors import EngineUnavailable, ServiceError
from server.images.file_errors import FileError
from server.images.files import read_image
from server.serving.served_model import ServedModel
from server.types import Prediction

logger = logging.getLogger(__name__)

ANSWER_S = 60.0
MAX_PIXELS = 50_000_000


def check_golden(served: ServedModel) -> None:
    """Send the manifest's golden image to the running engine; raises EngineUnavailable, ArtifactDamaged for another file.

    A model without a golden image passes: its engine has already answered a warm-up picture.
    """
    manifest, golden = served.model.manifest, served.model.manifest.golden
    if golden is None:
        return
    path = served.model.checked(golden.file, golden.sha256)
    try:
        image = read_image(path.read_bytes, MAX_PIXELS)
        prediction = served.engine.submit(InferenceRequest(image, "golden", monotonic() + ANSWER_S)).result(ANSWER_S)
    except (ServiceError, FileError, NoAnswer) as error:
        raise EngineUnavailable(f"{manifest.name} cannot answer its golden image {golden.file}: {error}") from error
    if words := difference(golden, prediction):
        remedy = "The artifact is not this model, or was damaged. To compare two: ascend-classify convert parity A B --images DIR"
        if others := made_with(golden, served.precision, served.decode):
            words += f". Its answer was made with {' '.join(others)}"
            again = golden_command(manifest, served.model.folder, served.precision, served.decode)
            remedy = f"Set {' '.join(others)}, or take this answer as right: {again}"
        raise EngineUnavailable(f"{manifest.name} fails its golden image {golden.file}: {words}.", remedy)
    logger.info("%s: its golden image is class %d, as expected", manifest.name, golden.class_id)


def made_with(golden: Golden, precision: str, decode: Decode) -> list[str]:
    """The settings with which the answer was made on a CPU, as far as they are others than those that are served on a CPU now."""
    if golden.precision is None or precision not in get_args(Precision):
        return []
    pairs = (("PRECISION", golden.precision, precision), ("DECODE", golden.decode or "exact", decode))
    return [f"{setting}={made}" for setting, made, served in pairs if made != served]


def difference(golden: Golden, prediction: Prediction) -> str:
    """The difference from the expected answer; empty if there is none. Logits have no common scale, so only classes are compared."""
    best = prediction.scores[0]
    if best.class_id != golden.class_id:
        return f"class {best.class_id} ({best.score:.4f}) instead of {golden.class_id}"
    if prediction.score_type == "probability" and abs(best.score - golden.score) > golden.tolerance:
        return f"a score of {best.score:.4f} instead of {golden.score:.4f} ± {golden.tolerance:g}"
    return ""
