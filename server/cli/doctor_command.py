"""`doctor`: finds what prevents this machine from serving, and how to correct it."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.flags import load_settings
from server.cli.options import AsJson, StoreFolder

if TYPE_CHECKING:
    from convert.inspection import Inspection
    from server.cli.doctor.prepared_model import Inspected


def doctor(
    model: Annotated[str | None, typer.Option(help="Name of the model in the store.", show_default=False)] = None,
    model_store: StoreFolder = None,
    as_json: AsJson = False,
    compose: Annotated[
        bool, typer.Option("--compose", help="Instead print the docker-compose.override.yml for the chips of this host.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="With --compose: the file to write.", show_default=False)] = None,
    root: Annotated[Path, typer.Option(help="With --compose: the folder below which the host's /dev is.")] = Path("/"),
) -> None:
    """Find what prevents this machine from serving, and how to correct it; exit status 1 for any problem. Changes nothing."""
    if compose:
        _write_override(root, output)
        return
    from rich.console import Console

    from server.cli.ascend_environment import AscendEnvironment
    from server.cli.doctor.examine import examine
    from server.cli.doctor.machine import Machine

    settings = load_settings(model=model, model_store=model_store)
    with Console(stderr=True).status("Looking"):
        report = examine(Machine(AscendEnvironment().variables()), settings, _inspect)
    if as_json:
        sys.stdout.write(f"{json.dumps(report.as_object(), indent=2)}\n")
    else:
        console = Console(highlight=False, soft_wrap=True)
        for line in report.lines(console.width if console.is_terminal else None):
            console.print(line)
    raise typer.Exit(0 if report.well else 1)


def _write_override(root: Path, output: Path | None) -> None:
    from models.whole_file import write_whole
    from server.cli.doctor.compose_override import compose_override
    from server.cli.doctor.machine import Machine

    text = compose_override(Machine({}, root))
    if output:
        write_whole(output, text.encode())
    else:
        sys.stdout.write(text)


def _inspect(path: Path) -> "Iterator[Inspected]":
    """The inspection of a model's folder or a pipeline, file by file."""
    from convert.inspection import inspect
    from models.store import ModelStore

    yield from _flattened(inspect(str(path), ModelStore(path.parent)))


def _flattened(inspection: "Inspection") -> "Iterator[Inspected]":
    from server.cli.doctor.finding import Finding
    from server.cli.doctor.prepared_model import Inspected

    findings = tuple(Finding("ok" if each.fits else "problem", each.what, each.remedy) for each in inspection.findings)
    yield Inspected(Path(inspection.subject), findings)
    for part in inspection.parts:
        yield from _flattened(part)
