"""`convert atc` and `convert om`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.flags import load_settings
from server.cli.options import StoreFolder, parse_batch_sizes

if TYPE_CHECKING:
    from convert.atc.command import AtcCommand

Soc = Annotated[str, typer.Option(help="The chip: Ascend310 (Atlas 300), Ascend310P3 (Atlas 300I Pro, Duo).")]
BatchSizes = Annotated[str, typer.Option(help="Batch sizes; several, as 1,2,4,8, are gears, which an AIR cannot have.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print ATC's command line, but do not run it and write nothing.")]
AtcProgram = Annotated[Path | None, typer.Option("--atc", help="ATC, if it is not where CANN installs it.", show_default=False)]
TimeLimit = Annotated[float | None, typer.Option(min=1, help="Time limit for ATC in seconds.", show_default=False)]


def atc(
    name: Annotated[str, typer.Argument(help="Name of the model in the store.")],
    source: Annotated[
        Path | None, typer.Option(help="An .air or .onnx to compile instead of the stored network.", show_default=False)
    ] = None,
    soc: Soc = "Ascend310",
    batch_sizes: BatchSizes = "1",
    aipp: Annotated[
        Path | None, typer.Option(help="A hand-written AIPP config; its effect must be that of the recipe.", show_default=False)
    ] = None,
    dry_run: DryRun = False,
    program: AtcProgram = None,
    time_limit_s: TimeLimit = None,
    model_store: StoreFolder = None,
) -> None:
    """Compile a model of the store for an Ascend chip: ATC's inputs are rendered from the manifest, and the OM is added to it."""
    from convert.atc.compile import compiled
    from convert.atc.convert_model import missing_inputs, model_command, write_inputs
    from convert.atc.installation import find_atc
    from models.store import ModelStore
    from models.store_writer import add_artifact
    from server.cli.ascend_environment import AscendEnvironment

    model = ModelStore(load_settings(model_store=model_store).model_store).open(name)
    command = model_command(model, soc, parse_batch_sizes(batch_sizes), source=source, aipp=aipp)
    if dry_run:
        _print_command(command)
        for path in missing_inputs(command):
            _warn(f"{path} is written when the model is compiled.")
        return
    installation = find_atc(program, AscendEnvironment().variables())
    with _progress(f"Deriving ATC's inputs from {name}") as progress:
        write_inputs(model, command)
        with compiled(command, installation, progress, time_limit_s) as om:
            add_artifact(model, om.path, om.artifact(command.om.name), om.provenance.of_model(model.manifest).as_json())
    for warning in om.warnings:
        _warn(warning)
    sys.stdout.write(f"{name} is ready for {soc} in {command.om}\n")


def om(
    source: Annotated[Path, typer.Argument(help="An .air or .onnx file.")],
    aipp: Annotated[Path, typer.Argument(help="The AIPP config.")],
    om: Annotated[Path, typer.Argument(help="The OM to write, with or without .om.")],
    soc: Soc = "Ascend310",
    batch_sizes: BatchSizes = "1",
    into: Annotated[
        str | None, typer.Option(help="A model of the store, with which the AIPP config must agree.", show_default=False)
    ] = None,
    dry_run: DryRun = False,
    program: AtcProgram = None,
    time_limit_s: TimeLimit = None,
    model_store: StoreFolder = None,
) -> None:
    """Compile an AIR or ONNX file with an AIPP config into an OM, and write its origin to a file next to it."""
    from convert.atc.command import atc_command
    from convert.atc.compile import compiled
    from convert.atc.installation import find_atc
    from server.cli.ascend_environment import AscendEnvironment

    command = atc_command(source, aipp, om, soc, parse_batch_sizes(batch_sizes))
    model = None
    if into:
        from convert.atc.convert_model import check_belongs, enter
        from models.store import ModelStore

        model = ModelStore(load_settings(model_store=model_store).model_store).open(into)
        check_belongs(command, model.manifest)
    if dry_run:
        _print_command(command)
        return
    installation = find_atc(program, AscendEnvironment().variables())
    with _progress("Starting ATC") as progress, compiled(command, installation, progress, time_limit_s) as made:
        if model:
            enter(made, model)
        made.place()
    for warning in made.warnings:
        _warn(warning)
    sys.stdout.write(f"{command.om}\n")


@contextmanager
def _progress(begin: str) -> Iterator[Callable[[str], None]]:
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(begin)) as status:
        yield lambda line: status.update(Text(line))  # as text, because ATC's lines contain [brackets]


def _print_command(command: "AtcCommand") -> None:
    from convert.atc.provenance import shell_line

    sys.stdout.write(f"{shell_line(command.arguments())}\n")


def _warn(text: str) -> None:
    sys.stderr.write(f"warning: {text}\n")
