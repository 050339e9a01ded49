"""`models calibrate`: makes the scores of a model probabilities that mean what they say, and gives it prediction sets."""

import shlex
import sys
from typing import Annotated

import typer

from models.store import ModelStore
from server.calibration.coverage_levels import MOST_COVERAGE
from server.cli.flags import load_settings
from server.cli.options import StoreFolder
from server.settings import Settings


def calibrate(
    name: Annotated[str, typer.Argument(help="Name of the model in the store.")],
    evaluation: Annotated[
        str | None,
        typer.Argument(help="Id or folder of a finished evaluation that kept its scores (evaluate --scores).", show_default=False),
    ] = None,
    coverage: Annotated[float, typer.Option(min=0.5, max=MOST_COVERAGE, help="The largest coverage that clients will ask for.")] = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Of the random halves, and of the resamples behind the intervals.")] = 0,
    remove: Annotated[bool, typer.Option("--remove", help="Take the calibration of the model off, without an evaluation.")] = False,
    model_store: StoreFolder = None,
) -> None:
    """Fit a temperature on one half of an evaluation and prediction sets on the other, and keep both with the manifest of the model."""
    if (evaluation is None) != remove:
        raise typer.BadParameter("name an evaluation, or give --remove", param_hint="EVALUATION")
    from models.rebuild_command import uncalibrate_command
    from models.store_writer import set_calibration
    from server.evaluation.fitting.calibration_fit import fit_calibration
    from server.evaluation.fitting.scored_run import read_scored_run
    from server.evaluation.run.run_folder import find_run

    settings = load_settings(model_store=model_store)
    model = ModelStore(settings.model_store).open(name)
    if evaluation is None:
        set_calibration(model, None)
        sys.stdout.write(f"{name} has no calibration. {_taken_over(settings)}\n")
        return
    fit = fit_calibration(read_scored_run(find_run(evaluation, settings.evaluation_dir), model, seed), coverage, seed)
    set_calibration(model, fit.fitted)
    sys.stdout.write(f"{fit.as_text()}\n{name} is calibrated. {_taken_over(settings)}\n")
    for warning in fit.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    if fit.warnings:
        off = uncalibrate_command(model.manifest, model.folder)
        sys.stderr.write(f"Calibrate on more labelled images, of the kind that the server sees. Or take the calibration off: {off}\n")


def _taken_over(settings: Settings) -> str:
    key = f'-H "X-Api-Key: $(cat {shlex.quote(str(settings.api_key_file))})" ' if settings.api_key_file else ""
    return f"A running server takes that over by: curl -X POST {key}localhost:{settings.port}/admin/models/reload"
