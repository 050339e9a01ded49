"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from models.artifact_precision import Precision
from pipelines.reduction import Decode

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ModelName = Annotated[str | None, typer.Option("--model", help="Name of the model in the store.", show_default=False)]
StoreFolder = Annotated[Path | None, typer.Option("--model-store", help="Folder of the prepared models.", show_default=False)]
ApiKeyFile = Annotated[Path | None, typer.Option(help="A file that holds the API key of the server.", show_default=False)]
PrecisionOption = Annotated[
    Precision | None,
    typer.Option(
        "--precision", help="Infer on the CPU in f32, bf16 or int8; by default as PRECISION or the model says.", show_default=False
    ),
]
DecodeOption = Annotated[
    Decode | None,
    typer.Option("--decode", help="Decode large JPEGs whole, or reduced by the codec where the resize allows it.", show_default="DECODE"),
]
BatchSizes = Annotated[
    str | None, typer.Option("--batch-sizes", help="Batch sizes, as 1,2,4,8. On a CPU batches do not help.", show_default=False)
]


def parse_batch_sizes(text: str) -> tuple[int, ...]:
    """The numbers of a list such as 1,2,4,8; raises BadParameter."""
    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a list of numbers, as 1,2,4,8", param_hint="--batch-sizes") from None
