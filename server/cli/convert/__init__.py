"""The offline tools, one command per file; each imports its modules when it runs."""

import typer

from server.cli.convert.aipp_command import aipp
from server.cli.convert.atc_command import atc, om
from server.cli.convert.cpu_command import cpu, refuse_host
from server.cli.convert.import_command import import_checkpoint
from server.cli.convert.inspect_command import inspect
from server.cli.convert.parity_command import parity
from server.cli.convert.quantize_command import quantize

convert_app = typer.Typer(help="From a checkpoint to an artifact for Ascend or a CPU, with proof that they agree.", no_args_is_help=True)
convert_app.command("import")(import_checkpoint)
convert_app.command("cpu")(cpu)
convert_app.command(
    "host", hidden=True, add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True}
)(refuse_host)
convert_app.command("aipp")(aipp)
convert_app.command("atc")(atc)
convert_app.command("om")(om)
convert_app.command("quantize")(quantize)
convert_app.command("inspect")(inspect)
convert_app.command("parity")(parity)
