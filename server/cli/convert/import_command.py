"""`convert import`."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from server.cli.options import BatchSizes, StoreFolder, parse_batch_sizes


def import_checkpoint(
    file: Annotated[Path, typer.Argument(help="Checkpoint (.pth, .safetensors, MindSpore .ckpt), or an ONNX network.")],
    name: Annotated[str | None, typer.Argument(help="Name in the store.  [default: the architecture]", show_default=False)] = None,
    architecture: Annotated[
        str | None, typer.Option(help="The expected architecture, for example resnext101_32x4d.", show_default=False)
    ] = None,
    transform: Annotated[
        str | None,
        typer.Option(
            help="The transform of its training: training, torchvision-v1, torchvision-v2, timm, timm-rsb, stretch.", show_default=False
        ),
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="Labels, one line per class.", show_default=False)] = None,
    classes: Annotated[int | None, typer.Option(min=2, help="The expected number of classes.", show_default=False)] = None,
    version: Annotated[str | None, typer.Option(help="Name of these weights.  [default: from their sha256]", show_default=False)] = None,
    image_size: Annotated[
        int | None, typer.Option(min=32, help="Side of the network's pictures.  [default: 224]", show_default=False)
    ] = None,
    batch_sizes: BatchSizes = None,
    output: Annotated[
        str | None, typer.Option(help="ONNX only: the value with a score of each class, if there are several.", show_default=False)
    ] = None,
    score_type: Annotated[
        Literal["logit", "probability", "log_probability"] | None,
        typer.Option(help="ONNX only: what the scores are, where their behaviour does not say it.", show_default=False),
    ] = None,
    onnx: Annotated[Path | None, typer.Option(help="Also write the network without the recipe to this file.", show_default=False)] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a model of that name with other weights.")] = False,
    model_store: StoreFolder = None,
) -> None:
    """Import weights into the store: a ResNeXt's checkpoint from torchvision, timm or MindSpore, or any network as ONNX."""
    from rich.console import Console

    from convert.import_checkpoint import Wishes, import_checkpoint
    from models.store import ModelStore
    from server.cli.flags import load_settings

    sizes = parse_batch_sizes(batch_sizes) if batch_sizes else (1,)
    wishes = Wishes(name, architecture, transform, labels, classes, version, image_size, sizes, output, score_type)
    store = ModelStore(load_settings(model_store=model_store).model_store)
    console = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(message: str) -> None:
        console.print(message, markup=False)

    model = import_checkpoint(file, store, wishes, force=force, plain=onnx, progress=say)
    sys.stdout.write(f"{model.manifest.name} is ready in {model.folder}\n")
