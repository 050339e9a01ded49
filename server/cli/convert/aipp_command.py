"""`convert aipp`: renders the preprocessing for ATC from a manifest, or compares a file with a manifest."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from models.store import ModelStore
from server.cli.flags import load_settings
from server.cli.options import StoreFolder


def aipp(
    name: Annotated[str, typer.Argument(help="Name of the model, in the store or the zoo.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File to write.", show_default="standard output")] = None,
    source: Annotated[
        Literal["rgb888", "yuv420sp"], typer.Option(help="The model's input: BGR as OpenCV decodes, or NV12 as DVPP decodes.")
    ] = "rgb888",
    check: Annotated[Path | None, typer.Option(help="Compare this file with the manifest; write nothing.", show_default=False)] = None,
    model_store: StoreFolder = None,
) -> None:
    """Render the aipp.config of a model, or check a hand-written one."""
    from convert.aipp import aipp_of, check_aipp, read_aipp, render_aipp
    from models.whole_file import write_whole

    manifest = ModelStore(load_settings(model_store=model_store).model_store).manifest(name)
    if check is not None:
        config = read_aipp(check)
        check_aipp(config, manifest)
        sys.stdout.write(f"{check} does what {name} wants of {config.input_format}\n")
        return
    text = render_aipp(aipp_of(manifest, source), manifest)
    if output is None:
        sys.stdout.write(text)
        return
    write_whole(output, text.encode())
    sys.stdout.write(f"{output} is written\n")
