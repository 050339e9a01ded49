"""`models renew`: brings a model of an earlier version, or one whose weights lie in several files, into the form of this version."""

import sys
from typing import Annotated

import typer

from models.store import ModelStore
from server.cli.flags import load_settings
from server.cli.options import StoreFolder


def renew(name: Annotated[str, typer.Argument(help="Name of the model in the store.")], model_store: StoreFolder = None) -> None:
    """Rewrite a manifest of an earlier version with the names of this version, and put the weights of an ONNX model into one file."""
    from models.store_writer import renew_manifest

    store = ModelStore(load_settings(model_store=model_store).model_store)
    renamed = renew_manifest(store, name)
    if renamed:
        sys.stdout.write(f"{store.folder(name) / 'manifest.toml'} is renewed: the soc host is now called cpu.\n")
    model = store.open(name)
    split = [artifact for artifact in model.manifest.artifacts if model.side_files(artifact)]
    if split:
        from convert.artifact import join_side_files  # a host with a chip need not have onnx

        for artifact in split:
            join_side_files(model, artifact)
        sys.stdout.write(f"{store.folder(name)} is renewed: all weights are in the one ONNX file of the manifest.\n")
    elif not renamed:
        sys.stdout.write(f"{name} is current: there is nothing to renew.\n")
