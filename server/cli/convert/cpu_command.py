"""`convert cpu`."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from server.cli.options import BatchSizes, StoreFolder, parse_batch_sizes


def cpu(
    name: Annotated[str, typer.Argument(help="Name of the model in the store.")],
    network: Annotated[Path | None, typer.Option(help="A plain ONNX network to fold the recipe into.", show_default=False)] = None,
    batch_sizes: BatchSizes = None,
    plain: Annotated[bool, typer.Option("--plain", help="Write the network without the recipe, for ATC; needs -o.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write here, not into the store.", show_default=False)] = None,
    force: Annotated[bool, typer.Option("--force", help="Accept a network with other weights.")] = False,
    model_store: StoreFolder = None,
) -> None:
    """Build a model's ONNX file for a CPU again: with other batch sizes, from another export, or without the recipe."""
    from rich.console import Console

    from convert.artifact import convert_cpu, write_cpu_file
    from models.rebuild_command import rebuild_remedy
    from models.store import ModelStore
    from server.cli.flags import load_settings

    if plain and output is None:
        raise typer.BadParameter("goes with -o", param_hint="--plain")
    model = ModelStore(load_settings(model_store=model_store).model_store).open(name)
    sizes = parse_batch_sizes(batch_sizes) if batch_sizes else None
    with Console(stderr=True).status(f"Converting {name}"):
        if output:
            write_cpu_file(model, output, network=network, batch_sizes=sizes, plain=plain, force=force)
            place = output
        else:
            former = model.manifest.artifact("cpu", "int8")
            model = convert_cpu(model, network=network, batch_sizes=sizes, force=force)
            place = model.check_artifact("cpu")[1]
            if former and not model.manifest.artifact("cpu", "int8"):
                gone = f"{former.file} is removed: it has other weights. {rebuild_remedy(model.manifest, model.folder, 'cpu', 'int8')}"
                sys.stderr.write(f"{gone}\n")
    sys.stdout.write(f"{place} is written\n")


def refuse_host(context: typer.Context) -> None:
    """The former name of `convert cpu`; raises SettingInvalid with the present command."""
    from server.settings import SettingInvalid

    command = shlex.join(["ascend-classify", "convert", "cpu", *context.args])
    raise SettingInvalid("The command convert host is now called convert cpu.", f"Run: {command}")
