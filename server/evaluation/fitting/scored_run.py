"""Reads from a finished run what a calibration is fitted on: the logits of all classes, and the labels."""

from dataclasses import dataclass

import numpy as np

from models.manifest import ModelManifest
from models.rebuild_command import scores_command
from models.store import StoredModel
from server.calibration.prediction_sets import Ids
from server.calibration.temperature import Floats, logits_of
from server.engines.all_scores import FLOAT32
from server.evaluation.evaluation_errors import CalibrationRefused, EvaluationLost
from server.evaluation.run.records import PredictionLog
from server.evaluation.run.run_folder import RunFolder
from server.evaluation.run.run_manifest import RunManifest
from server.evaluation.run.score_file import SCORES

MOST_SCORES = 32_000_000
"""Of all images and classes together: 32,000 images of 1,000 classes take 256 MB. Of a larger run a random part is taken."""


@dataclass(frozen=True)
class ScoredRun:
    """Logits [images, classes] and labels [images] of images with an answer and a label, in random order; `of` are all such images."""

    manifest: RunManifest
    name: str
    logits: Floats
    labels: Ids
    of: int


def read_scored_run(folder: RunFolder, model: StoredModel, seed: int = 0) -> ScoredRun:
    """Read a run of the model; raises NotFinished, CalibrationRefused if it does not fit, and EvaluationLost if it is damaged."""
    run = folder.report().manifest
    again = f"Run: {scores_command(model.manifest, model.folder)}"
    if difference := _another(run, model.manifest):
        raise CalibrationRefused(f"The evaluation {folder.path.name} measured {difference}.", again)
    if run.groups:
        raise CalibrationRefused(f"In the evaluation {folder.path.name} a label stands for several classes (--map).", again)
    if run.score_type not in ("probability", "logit"):
        raise CalibrationRefused(
            f"The scores of the evaluation {folder.path.name} are of the kind {run.score_type}, which has no temperature."
        )
    path = folder.path / SCORES
    if not path.is_file():
        raise CalibrationRefused(f"The evaluation {folder.path.name} did not keep the scores of all classes.", again)
    records = PredictionLog(folder.log).read()  # in the order of their answers, which is another one in each run
    found = sorted((each.index, each.label) for each in records if each.ok and each.label is not None)
    if not found:
        raise CalibrationRefused(f"The evaluation {folder.path.name} has no answered image with a label.", again)
    shape = run.listed, run.classes
    if (size_bytes := path.stat().st_size) != shape[0] * shape[1] * FLOAT32.itemsize:
        raise EvaluationLost(f"{path} has {size_bytes} bytes, which are not {shape[0]} rows of {shape[1]} scores.", again)
    order = np.random.default_rng(seed).permutation(len(found))[: max(1, MOST_SCORES // run.classes)]
    indices, labels = np.array(found, np.int64)[order].T
    scores = np.memmap(path, FLOAT32, "r", shape=shape)[indices]
    if not np.isfinite(scores).all() or int(labels.max()) >= run.classes:
        raise EvaluationLost(f"{path} does not belong to the log beside it: an answered image has no scores.", again)
    return ScoredRun(run, folder.path.name, logits_of(scores, run.score_type), labels, len(found))


def _another(run: RunManifest, model: ModelManifest) -> str:
    """What the run measured instead of this model; empty if it is this model."""
    if run.model != model.name:
        return f"the model {run.model}, not {model.name}"
    if run.model_sha256 not in {artifact.sha256 for artifact in model.artifacts}:
        return f"another artifact of {model.name} ({run.model_sha256[:12]}), which the store does not have now"
    if run.recipe_sha256 != model.recipe.sha256:
        return f"{model.name} with another recipe ({run.recipe_sha256[:12]}, not {model.recipe.sha256[:12]})"
    if run.labels_sha256 != model.labels_sha256:
        return f"{model.name} with another list of labels ({run.labels_sha256[:12]}, not {model.labels_sha256[:12]})"
    return ""
