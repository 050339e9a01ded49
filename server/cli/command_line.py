"""The commands of the command line. Each command has its own file and imports its modules when it runs."""

import io
import sys
from contextlib import suppress
from importlib.metadata import version
from typing import Annotated

import typer

from models.model_errors import ClassifyError
from server.cli.classify_command import classify
from server.cli.convert import convert_app
from server.cli.doctor_command import doctor
from server.cli.evaluate_command import evaluate
from server.cli.infer_dir_command import infer_dir
from server.cli.models_command import models_app
from server.cli.ray_command import ray_app
from server.cli.serve_command import serve
from server.cli.statistics_command import print_sdk_conf, stats

NAME = "ascend-classify"  # of the distribution and of its program

app = typer.Typer(help="Image classification on Huawei Ascend, and the same on any CPU.", no_args_is_help=True)
for name, command in (
    ("serve", serve),
    ("classify", classify),
    ("infer-dir", infer_dir),
    ("stats", stats),
    ("sdk-conf", print_sdk_conf),
    ("evaluate", evaluate),
    ("doctor", doctor),
):
    app.command(name)(command)
app.add_typer(models_app, name="models")
app.add_typer(convert_app, name="convert")
app.add_typer(ray_app, name="ray")


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it by position
    if asked:
        sys.stdout.write(f"{NAME} {version(NAME)}\n")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options of the program itself."""


def main() -> None:
    """Run the command line; prints an error as one line on standard error, with exit code 1.

    A character that the terminal cannot show, or a byte of a name that is not text, is printed as its escape.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with suppress(OSError):  # a pipe that was opened for reading too
                stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name=NAME)  # also under `python -m server`: shell completion derives the name of its variable from it
    except ClassifyError as error:
        sys.stderr.write(f"error: {error} [{error.code}]\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
