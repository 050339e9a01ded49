"""The progress bar of the commands, and their words when Ctrl-C ends them."""

import shlex
import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

INTERRUPTED = 130


def progress_bar() -> "Progress":
    """A bar on standard error; without a terminal it draws nothing, and only messages are printed."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def interrupted(what: str, resume: str, *value: str) -> typer.Exit:
    """Print what is kept, and the command that goes on: the same one with `resume` and its value. Returns the exit to raise."""
    again = [argument for argument in sys.argv[1:] if argument != "=".join((resume, *value))]
    if resume not in again:
        again += [resume, *value]
    sys.stderr.write(f"interrupted. {what} Go on with: ascend-classify {shlex.join(again)}\n")
    return typer.Exit(INTERRUPTED)
