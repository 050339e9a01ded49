"""`models renew`: rewrites the manifest of an earlier version with the names of this version."""

import sys
from typing import Annotated

import typer

from models.store import ModelStore
from server.cli.flags import load_settings
from server.cli.options import StoreFolder


def renew(name: Annotated[str, typer.Argument(help="Name of the model in the store.")], model_store: StoreFolder = None) -> None:
    """Rewrite a manifest of an earlier version with the names of this version. The model's files do not change."""
    from models.store_writer import renew_manifest

    store = ModelStore(load_settings(model_store=model_store).model_store)
    if renew_manifest(store, name):
        sys.stdout.write(f"{store.root / name / 'manifest.toml'} is renewed: the soc host is now called cpu.\n")
    else:
        sys.stdout.write(f"{name} is current: there is nothing to renew.\n")
