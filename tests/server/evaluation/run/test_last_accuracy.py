"""The accuracy of a model in the last of its evaluations."""

import os
from pathlib import Path

from server.evaluation.run.last_accuracy import LastAccuracy, last_accuracies
from server.evaluation.run.records import PredictionLog, Record
from server.evaluation.run.run_folder import RunFolder
from tests.server.evaluation.made_run import made_manifest


def finish(path: Path, age_s: int, answers: str, **changes: object) -> None:
    """A finished run whose answers are right (1) or wrong (0)."""
    folder = RunFolder(path)
    folder.begin(made_manifest(len(answers), 2).model_copy(update=changes))
    with PredictionLog(folder.log) as log:
        for index, answer in enumerate(answers):
            log.append(Record(index=index, name=f"{index}.png", label=1, top=((int(answer), 0.9), (1 - int(answer), 0.1))))
    folder.finish(["a", "b"])
    os.utime(path / "report.json", (10_000 - age_s, 10_000 - age_s))


def test_the_last_one_of_each_artifact_and_recipe(tmp_path: Path) -> None:
    finish(tmp_path / "old", 9, "0000", model_sha256="1")
    finish(tmp_path / "new", 5, "1110", model_sha256="1", dataset="val")
    finish(tmp_path / "other recipe", 1, "1000", model_sha256="1", recipe_sha256="2", dataset="val")
    finish(tmp_path / "bf16", 1, "1100", model_sha256="1", precision="bf16", dataset="val")
    finish(tmp_path / "reduced", 0, "0000", model_sha256="1", decode="reduced", dataset="val")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged/report.json").write_text("{")
    (tmp_path / "running").mkdir()
    found = last_accuracies(tmp_path)
    assert found == {
        ("1", "b" * 64, False): LastAccuracy(0.75, "val"),
        ("1", "2", False): LastAccuracy(0.25, "val"),
        ("1", "b" * 64, True): LastAccuracy(0.5, "val"),
    }
    assert last_accuracies(tmp_path / "nowhere") == {}
