"""`models calibrate`: makes the scores of a model probabilities that mean what they say, and gives it prediction sets."""

import sys
from typing import Annotated

import typer

from models.store import ModelStore
from server.cli.flags import load_settings
from server.cli.options import StoreFolder

LARGEST_COVERAGE = 0.999  # server/calibration/prediction_sets.py, which loads NumPy; a test holds them equal


def calibrate(
    name: Annotated[str, typer.Argument(help="Name of the model in the store.")],
    evaluation: Annotated[str, typer.Argument(help="Id or folder of a finished evaluation that kept its scores (evaluate --scores).")],
    coverage: Annotated[float, typer.Option(min=0.5, max=LARGEST_COVERAGE, help="The largest coverage that clients will ask for.")] = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Of the random halves, and of the resamples behind the intervals.")] = 0,
    model_store: StoreFolder = None,
) -> None:
    """Fit a temperature on one half of an evaluation and prediction sets on the other, and keep both with the manifest of the model."""
    from models.store_writer import set_calibration
    from server.evaluation.fitting.calibration_fit import fit_calibration
    from server.evaluation.fitting.scored_run import read_scored_run
    from server.evaluation.run.run_folder import find_run

    settings = load_settings(model_store=model_store)
    model = ModelStore(settings.model_store).open(name)
    fit = fit_calibration(read_scored_run(find_run(evaluation, settings.evaluation_dir), model, seed), coverage, seed)
    set_calibration(model, fit.fitted)
    sys.stdout.write(f"{fit.as_text()}\n{name} is calibrated. A running server takes it over when the model is reloaded.\n")
