"""`models install`: takes a prepared model from another store, and gives it the owner that serves."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from models.store import ModelStore
from server.cli.flags import load_settings
from server.cli.options import StoreFolder


def install(
    folder: Annotated[Path, typer.Argument(help="Folder of a prepared model, of another store or of this one.")],
    owner: Annotated[
        int | None,
        typer.Option(min=1, help="The user (uid) that serves, RUN_UID of .env; takes root.  [default: this user]", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a model of that name with other weights.")] = False,
    model_store: StoreFolder = None,
) -> None:
    """Check a prepared model and copy it into the store, with the modes and the owner that the SDK wants."""
    from models.store_install import install_model

    store = ModelStore(load_settings(model_store=model_store).model_store)
    model = install_model(folder.absolute(), store, owner=owner, force=force)
    whose = f", of uid {owner}" if owner is not None else ""
    sys.stdout.write(f"{model.manifest.name} is installed in {model.folder}{whose}\n")
