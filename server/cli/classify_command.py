"""`classify`: classifies image files in this process."""

from pathlib import Path
from typing import Annotated

import typer

from server.cli.flags import load_settings
from server.cli.options import AsJson, ModelName, StoreFolder


def classify(
    images: Annotated[list[Path], typer.Argument(help="Image files.")],
    model: ModelName = None,
    model_store: StoreFolder = None,
    top_k: Annotated[int, typer.Option(min=1, max=16, help="Classes to print.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Classify image files in this process, with the serving engine."""
    from server.serving.classify_files import classify_files, print_outcomes

    outcomes = classify_files(load_settings(model=model, model_store=model_store, log_level="warning"), images)
    failed = print_outcomes(outcomes, top_k, as_json=as_json)
    raise typer.Exit(1 if failed else 0)
