"""The command line: which commands there are. Each has a file of its own and imports what it needs when it is called."""

import sys

import typer

from models.model_errors import ClassifyError
from server.cli.classify_command import classify
from server.cli.convert import convert_app
from server.cli.doctor_command import doctor
from server.cli.evaluate_command import evaluate
from server.cli.infer_dir_command import infer_dir
from server.cli.models_command import models_app
from server.cli.serve_command import serve
from server.cli.statistics_command import print_sdk_conf, stats

app = typer.Typer(help="Image classification on Huawei Ascend, and the same on any CPU.", no_args_is_help=True, add_completion=False)
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


def main() -> None:
    """Run the command line; a refusal is one line on standard error and exit code 1."""
    try:
        app()
    except ClassifyError as error:
        sys.stderr.write(f"error: {error} [{error.code}]\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
