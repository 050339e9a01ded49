"""Finished runs with scores, made up for the tests; the model is that of the levels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.store import StoredModel
from server.engines.all_scores import packed
from server.evaluation.run.records import PredictionLog, Record
from server.evaluation.run.run_folder import RunFolder
from server.evaluation.run.score_file import ScoreFile
from server.types import ClassScore, Prediction
from tests.server.evaluation.made_run import made_manifest


def made_run(
    folder: Path, stored: StoredModel, scores: NDArray[np.float32], labels: Sequence[int | None], *, failed: int = -1, **changes: Any
) -> RunFolder:
    """A finished run of the model with these scores [images, classes]; the image `failed` has no answer."""
    manifest = stored.manifest
    facts: dict[str, Any] = {
        "model": manifest.name,
        "model_sha256": manifest.artifacts[0].sha256,
        "recipe_sha256": manifest.recipe.sha256,
        "labels_sha256": manifest.labels_sha256,
    }
    run = RunFolder(folder)
    run.begin(made_manifest(len(labels), scores.shape[1], **(facts | changes)))
    with PredictionLog(run.log) as log, ScoreFile(folder, len(labels), scores.shape[1]) as file:
        file.open(goes_on=False)
        for index, (row, label) in enumerate(zip(scores, labels, strict=True)):
            best = int(row.argmax())
            prediction = Prediction((ClassScore(best, "", float(row[best])),), "stream", all_scores=packed(row))
            record = Record(index=index, name=f"{index}.png", label=label, outcome="undecodable_image")
            log.append(record if index == failed else record.answered(prediction))
            if index != failed:
                file.keep(index, prediction)
    run.finish(stored.read_class_names())
    return run
