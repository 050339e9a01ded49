"""`models remove`: deletes a model from the store."""

import sys
from typing import Annotated

import typer

from models.store import ModelStore
from models.store_removal import remove_model
from server.cli.flags import load_settings
from server.cli.options import StoreFolder
from server.settings import SettingInvalid


def remove(
    name: Annotated[str, typer.Argument(help="Name of the model in the store.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    model_store: StoreFolder = None,
) -> None:
    """Delete a model and its files from the store. A server that serves it goes on until it loads the model again."""
    store = ModelStore(load_settings(model_store=model_store).model_store)
    if not yes and name in store.names():
        if not sys.stdin.isatty():
            raise SettingInvalid(f"{store.root / name} is not removed: there is no terminal to ask.", "Say it with --yes")
        typer.confirm(f"Remove {store.root / name} and all its files?", abort=True, err=True)
    remove_model(store, name)
    sys.stdout.write(f"{name} is removed from {store.root}\n")
