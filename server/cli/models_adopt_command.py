"""`models adopt`: takes an OM that does not say where it comes from."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from models.recipe_line import recipe_line
from models.store import ModelStore
from server.cli.flags import load_settings
from server.cli.options import StoreFolder, parse_batch_sizes


def adopt(
    om: Annotated[Path, typer.Argument(help="An OM with AIPP in it.")],
    name: Annotated[str, typer.Argument(help="A model of the store or the zoo, or a new name.")],
    score_type: Annotated[
        Literal["logit", "probability"], typer.Option(help="What the OM gives: logits, or probabilities of a softmax in it.")
    ],
    recipe: Annotated[
        Path | None,
        typer.Option(help="A file with the recipe that was compiled in, as of convert import.  [default: the model's]", show_default=False),
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="Labels, one line per class.  [default: the model's]", show_default=False)] = None,
    soc: Annotated[str, typer.Option(help="The chip for which it was compiled.")] = "Ascend310",
    batch_sizes: Annotated[str, typer.Option(help="Its batch size, or its gears, as 1,2,4,8.")] = "1",
    model_store: StoreFolder = None,
) -> None:
    """Take an OM of which nothing tells the recipe, and declare by hand what it takes and gives. /info and reports then say so."""
    from convert.atc.adopt import Declaration, adopt

    store = ModelStore(load_settings(model_store=model_store).model_store)
    declaration = Declaration(score_type, soc, parse_batch_sizes(batch_sizes), recipe, labels)
    model = adopt(om, store, name, declaration)
    sys.stdout.write(f"Recipe: {recipe_line(model.manifest.recipe, model.manifest.transform)}.\n")
    sys.stdout.write(f"{name} is ready for {soc} in {model.folder}: what its OM takes and gives is declared by hand.\n")
