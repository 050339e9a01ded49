"""Remedies for calibrations, and for coverages that a model cannot give."""

import re
from pathlib import Path

from server.cli.flags import load_settings
from server.errors import NotCalibrated
from server.evaluation.evaluation_errors import CalibrationRefused
from server.serving.service_assembly import open_service
from tests.remedies.scenario import Place, Refusal, Scenario, after, called, command, do_printed, provokes
from tests.server.cli.command import run
from tests.server.evaluation.level_sets import make_level_set

LEVEL = ("--model", "level")


def _set(place: Place) -> Path:
    return make_level_set(place.folder / "val", 120).folder


def _latest_run() -> str:
    return max(Path("evaluations").iterdir(), key=lambda path: path.stat().st_mtime_ns).name


@provokes(CalibrationRefused)
def calibration_on_a_run_without_scores(place: Place) -> Scenario:
    folder = _set(place)
    run("evaluate", folder, *LEVEL)
    return Scenario(lambda: command("models", "calibrate", "level", _latest_run()), lambda words: do_printed(words, FOLDER=folder))


@provokes(CalibrationRefused)
def calibration_on_too_few_images(place: Place) -> Scenario:
    options: list[object] = ["--coverage", 0.99]
    run("evaluate", _set(place), *LEVEL, "--scores")
    return Scenario(
        lambda: command("models", "calibrate", "level", _latest_run(), *options),
        after("needs 198", "lower --coverage", do=lambda: options.extend(("--coverage", 0.98))),
    )


@provokes(NotCalibrated)
def coverage_of_a_model_without_a_calibration(place: Place) -> Scenario:
    """The commands of the message, one after the other; what is opened anew has the calibration, as after a reload."""
    folder = _set(place)

    def mend(words: str) -> None:
        evaluate, calibrate = re.findall(r"(ascend-classify [^;]+);", words)
        do_printed(evaluate, FOLDER=folder)
        do_printed(calibrate, EVALUATION=_latest_run())

    def attempt() -> Refusal | None:
        return called(lambda: open_service(load_settings(model="level"))[0].models.default.served.check_coverage(0.95))

    return Scenario(attempt, mend)
