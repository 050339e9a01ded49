"""`models calibrate` on the sample and its labelled set, from the evaluation to the answers of a server."""

import shlex
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
import typer

from convert.prepare import prepare
from models.store import ModelStore, StoredModel
from models.store_writer import set_calibration
from server.calibration.temperature import probabilities_of
from server.cli.models_calibrate_command import calibrate
from server.evaluation.fitting import calibration_error
from server.evaluation.fitting.calibration_fit import fit_calibration
from server.evaluation.fitting.scored_run import ScoredRun, read_scored_run
from server.evaluation.run.run_folder import RunFolder
from tests.server.cli.command import run
from tests.server.evaluation.fitting.temperature_information import images_needed
from tests.server.process import ServerProcess

NAME = "resnext_digits"
RELOAD = "localhost:8000/admin/models/reload"
SPLITS = 20


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    return prepare(NAME, ModelStore(tmp_path_factory.mktemp("store")))


@pytest.fixture(scope="module")
def evaluation(digits: StoredModel) -> RunFolder:
    """The labelled set, with the scores of all classes."""
    kept = digits.folder.parent / "evaluations"
    images = digits.folder / "evaluation/mixed/classes"
    done = run("evaluate", images, "--model", NAME, "--scores", "--model-store", digits.folder.parent, EVALUATION_DIR=str(kept))
    assert done.returncode == 0, done.stderr
    (folder,) = kept.iterdir()
    return RunFolder(folder)


def test_from_an_evaluation_to_the_answers(digits: StoredModel, evaluation: RunFolder) -> None:
    """The order of the classes stays, the scores are calibrated, sets hold the right digit as often as asked; a reload takes it over."""
    pictures = [(path.read_bytes(), path.parent.name) for path in sorted((digits.folder / "evaluation/mixed/classes").glob("*/*"))[::4]]

    def replies(server: ServerProcess, query: str) -> list[dict[str, object]]:
        answers: list[httpx.Response] = [server.client.post(f"/classify?{query}", content=picture) for picture, _ in pictures]
        return [answer.json() for answer in answers]

    with ServerProcess(model_store=digits.folder.parent, model=NAME) as server:
        refused = server.client.post("/classify?coverage=0.9", content=pictures[0][0])
        assert (refused.status_code, refused.json()["code"]) == (409, "not_calibrated")
        assert f"ascend-classify models calibrate {NAME} EVALUATION" in refused.json()["error"]
        assert server.client.get("/info").json()["calibration"] is None
        before = replies(server, "top_k=10")

        done = run("models", "calibrate", NAME, evaluation.path, "--model-store", digits.folder.parent)
        assert (done.returncode, "359 images: 179 for the temperature, 180 for the rest" in done.stdout) == (0, True), done
        assert done.stdout.endswith(f"{NAME} is calibrated. A running server takes that over by: curl -X POST {RELOAD}\n")
        assert done.stderr == ""
        assert server.client.post("/admin/models/reload").status_code == 200

        fitted = ModelStore(digits.folder.parent).open(NAME).manifest.calibration
        assert fitted is not None
        assert fitted.ece_after < 0.5 * fitted.ece_before
        told = server.client.get("/info").json()["calibration"]
        assert (told["applied"], told["reason"], told["temperature"]) == (True, "", fitted.temperature)
        assert (told["evaluation"], told["images"], told["coverages"][-1]) == (evaluation.path.name, 180, 0.99)
        after = replies(server, "top_k=10&coverage=.99")

    for former, answer in zip(before, after, strict=True):
        assert (former["score_type"], answer["score_type"], "prediction_set" in former) == ("probability", "calibrated", False)
        old, new = ({each["class_id"]: each["score"] for each in reply["predictions"]} for reply in (former, answer))  # type: ignore[attr-defined]
        powers = {class_id: score ** (1 / fitted.temperature) for class_id, score in old.items()}
        assert list(old) == list(new)
        assert new == pytest.approx({class_id: power / sum(powers.values()) for class_id, power in powers.items()}, abs=1e-5)
    sets = [[each["label"] for each in answer["prediction_set"]["classes"]] for answer in after]  # type: ignore[index]
    assert sum(label in found for found, (_, label) in zip(sets, pictures, strict=True)) >= 0.96 * len(pictures)
    assert sum(map(len, sets)) < 2 * len(pictures)


def drawn(real: ScoredRun, true: float, images: int, seed: int) -> ScoredRun:
    """So many images, any of the real ones, with labels drawn from the softmax of the real network's logits over `true`."""
    random = np.random.default_rng(seed)
    logits = real.logits[random.integers(0, len(real.logits), images)]
    labels = (random.random((images, 1)) > probabilities_of(logits, true).cumsum(axis=1)).sum(axis=1).clip(0, 9)
    return replace(real, logits=logits, labels=labels, of=images)


@pytest.mark.parametrize("true", [0.7, 1.0, 1.5, 2.5])
def test_labels_that_are_drawn_from_the_network_at_a_temperature(
    digits: StoredModel, evaluation: RunFolder, true: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over 20 splits: the temperature is found within 5 %, the error falls, each coverage is what a right method measures.

    5 % are four standard errors of the temperature. That takes 10,657 images in a half at 0.7, where most labels are certain, and
    3,461 at 1.5.
    """
    monkeypatch.setattr(calibration_error, "RESAMPLES", 2)  # the intervals are not looked at here
    real = read_scored_run(evaluation, digits)
    images = images_needed(real.logits, true, 0.05 / 4)
    fits = [fit_calibration(drawn(real, true, 2 * images, seed), seed=seed) for seed in range(SPLITS)]
    assert [fit.fitted.temperature for fit in fits] == pytest.approx([true] * SPLITS, rel=0.05)
    assert true == 1 or all(fit.error_after.value < 0.5 * fit.error_before.value for fit in fits)
    right = probabilities_of(real.logits, true).max(axis=1).mean()
    for place, coverage in enumerate((0.8, 0.9, 0.95)):
        shares = [fit.covered[place].share.value or 0 for fit in fits]
        wanted = max(coverage, float(right))  # a set has one class at least, so it covers what the best class does
        deviation = (wanted * (1 - wanted) / images) ** 0.5
        assert shares == pytest.approx([wanted] * SPLITS, abs=3.3 * 2**0.5 * deviation)  # two halves: that of the threshold has one, too
        assert np.mean(shares) == pytest.approx(wanted, abs=1.96 * deviation)


def test_a_calibration_of_another_artifact_is_not_applied(digits: StoredModel, evaluation: RunFolder, tmp_path: Path) -> None:
    """The server says so in its log, in /info and to a client who asks for a coverage; scores stay the model's."""
    copy = prepare(NAME, ModelStore(tmp_path))
    fitted = fit_calibration(read_scored_run(evaluation, digits)).fitted
    set_calibration(copy, fitted.model_copy(update={"artifact_sha256": "0" * 64}))
    picture = next((digits.folder / "evaluation/mixed/classes").glob("7/*")).read_bytes()
    with ServerProcess(model_store=tmp_path, model=NAME) as server:
        server.log(f"The calibration of {NAME} is not applied: it was made for another artifact (000000000000")
        refused = server.client.post("/classify?coverage=0.9", content=picture)
        assert (refused.status_code, "another artifact (000000000000" in refused.json()["error"]) == (409, True)
        assert server.client.post("/classify", content=picture).json()["score_type"] == "probability"
        told = server.client.get("/info").json()["calibration"]
        assert (told["applied"], told["reason"][:36]) == (False, "it was made for another artifact (00")


def test_labels_that_the_scores_do_not_fit_are_a_warning(
    digits: StoredModel, evaluation: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each sixth of one half only is labelled wrongly; the command that is printed takes the calibration off."""
    copy = prepare(NAME, ModelStore(tmp_path))
    real = read_scored_run(evaluation, digits)
    images = np.arange(len(real.labels))
    wrong = np.where((images < len(images) // 2) & (images % 6 == 0), (real.labels + 1) % 10, real.labels)
    monkeypatch.setattr("server.evaluation.fitting.scored_run.read_scored_run", lambda *_: replace(real, labels=wrong))
    calibrate(NAME, str(evaluation.path), model_store=tmp_path)
    told = capsys.readouterr().err
    assert "warning: Sets of the coverage 0.95 hold the right class less often: " in told
    printed = told.rpartition("take the calibration off: ascend-classify ")[2]
    assert ModelStore(tmp_path).open(NAME).manifest.calibration is not None
    done = run(*shlex.split(printed))
    assert (done.returncode, done.stdout.partition(" A running")[0]) == (0, f"{NAME} has no calibration."), done
    assert ModelStore(tmp_path).open(NAME).manifest == copy.manifest
    with pytest.raises(typer.BadParameter, match="name an evaluation, or give --remove"):
        calibrate(NAME)
