"""`stats` and `sdk-conf`: show the performance statistics of the vendor's engine, and turn them on."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from server.cli.options import AsJson


def stats(
    folder: Annotated[Path, typer.Argument(help="Folder of the statistics files (ps_log_dir of sdk.conf).")], as_json: AsJson = False
) -> None:
    """Add up the performance statistics that enable_ps=true of sdk.conf turns on."""
    from pipelines.statistics_report import read_report

    report = read_report(folder)
    sys.stdout.write(f"{report.as_json() if as_json else report.as_text()}\n")


def print_sdk_conf(
    interval_s: Annotated[int, typer.Option(min=1, max=86_400, help="Seconds between two reports.")] = 6,
) -> None:
    """Print an sdk.conf that turns on performance statistics, for SDK_CONF or for the SDK's own config folder."""
    from pipelines.sdk_conf import SdkConf

    sys.stdout.write(f"{SdkConf(enable_ps=True, ps_interval_time=interval_s).render()}\n")
