"""`convert inspect`: describes a file or a model, and lists the parts that do not fit together."""

import json
import sys
from typing import Annotated

import typer

from models.store import ModelStore
from server.cli.flags import load_settings
from server.cli.options import AsJson, StoreFolder


def inspect(
    target: Annotated[str, typer.Argument(metavar="PATH|NAME", help="A file, a model's folder, or the name of a model.")],
    model_store: StoreFolder = None,
    as_json: AsJson = False,
) -> None:
    """Describe a file or a model, and list what does not fit together; exit status 1 if there is anything."""
    from convert.inspection import inspect

    inspection = inspect(target, ModelStore(load_settings(model_store=model_store).model_store))
    text = json.dumps(inspection.as_object(), indent=2) if as_json else inspection.as_text()
    sys.stdout.write(f"{text}\n")
    raise typer.Exit(0 if inspection.fits else 1)
