"""`models renew`: brings a model whose weights lie in several files into the form of this version."""

import sys
from typing import Annotated

import typer

from models.store import ModelStore
from server.cli.flags import load_settings
from server.cli.options import StoreFolder


def renew(name: Annotated[str, typer.Argument(help="Name of the model in the store.")], model_store: StoreFolder = None) -> None:
    """Put the weights of an ONNX model, which lie in several files, into the one that the manifest names."""
    store = ModelStore(load_settings(model_store=model_store).model_store)
    model = store.open(name)
    split = [artifact for artifact in model.manifest.artifacts if model.side_files(artifact)]
    if split:
        from convert.artifact import join_side_files  # a host with a chip need not have onnx

        for artifact in split:
            join_side_files(model, artifact)
        sys.stdout.write(f"{store.folder(name)} is renewed: all weights are in the one ONNX file of the manifest.\n")
    else:
        sys.stdout.write(f"{name} is current: there is nothing to renew.\n")
