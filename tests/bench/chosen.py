"""The engines and the precision that are measured: those of the environment, where server and ceiling find them."""

import os
from typing import Annotated

import typer

from models.artifact_precision import Precision
from server.cli.flags import load_settings
from server.engines.assembly import engine_kinds

BOTH = "both"

PrecisionOption = Annotated[
    Precision | None, typer.Option("--precision", help="Of server and ceiling: f32, bf16 or int8.", show_default="PRECISION, else f32")
]
EnginesOption = Annotated[
    str | None,
    typer.Option("--engines", help="Of the server, by comma, as stream or mxbase,stream.", show_default="ENGINES, else auto"),
]


def choose(**settings: str | None) -> None:
    """Put settings into the environment; None leaves what is there."""
    os.environ.update({name.upper(): value for name, value in settings.items() if value})


def precision() -> Precision:
    """The precision of server and ceiling."""
    return load_settings().precision or "f32"


def engines() -> str:
    """`stream`, `mxbase`, or `both` where one is the other's fallback."""
    kinds = engine_kinds(load_settings())
    return kinds[0] if len(kinds) == 1 else BOTH
