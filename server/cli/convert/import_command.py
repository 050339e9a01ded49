"""`convert import`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from server.cli.convert import recipe_options as said
from server.cli.options import BatchSizes, StoreFolder, parse_batch_sizes

if TYPE_CHECKING:
    from convert.preprocessing.settled_recipe import SettledRecipe

Checkpoint = Annotated[Path, typer.Argument(help="Checkpoint (.pth, .safetensors, MindSpore .ckpt), or an ONNX network.")]
Name = Annotated[str | None, typer.Argument(help="Name in the store.  [default: the architecture]", show_default=False)]
Architecture = Annotated[str | None, typer.Option(help="The expected architecture, for example resnext101_32x4d.", show_default=False)]
Labels = Annotated[Path | None, typer.Option(help="Labels, one line per class.", show_default=False)]
Classes = Annotated[int | None, typer.Option(min=2, help="The expected number of classes.", show_default=False)]
Version = Annotated[str | None, typer.Option(help="Name of these weights.  [default: from their sha256]", show_default=False)]
Side = Annotated[
    int | None, typer.Option(min=32, max=4096, help="Side of the network's pictures, as --crop.  [default: 224]", show_default=False)
]
Output = Annotated[
    str | None, typer.Option(help="ONNX only: the value with a score of each class, if there are several.", show_default=False)
]
Scores = Annotated[
    Literal["logit", "probability", "log_probability"] | None,
    typer.Option(help="ONNX only: what the scores are, where their behaviour does not say it.", show_default=False),
]
Plain = Annotated[Path | None, typer.Option(help="Also write the network without the recipe to this file.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Replace a model of that name with other weights.")]


def import_checkpoint(
    file: Checkpoint,
    name: Name = None,
    architecture: Architecture = None,
    transform: said.TransformName = None,
    recipe: said.RecipeFile = None,
    mean: said.Mean = None,
    std: said.Std = None,
    scale: said.Scale = None,
    colour_order: said.Colours = None,
    resize: said.ResizeWay = None,
    crop: said.Crop = None,
    interpolation: said.Interpolation = None,
    layout: said.LayoutOption = None,
    yes: said.Yes = False,
    expect: said.Expect = None,
    labels: Labels = None,
    classes: Classes = None,
    version: Version = None,
    image_size: Side = None,
    batch_sizes: BatchSizes = None,
    output: Output = None,
    score_type: Scores = None,
    onnx: Plain = None,
    force: Force = False,
    model_store: StoreFolder = None,
) -> None:
    """Import weights into the store: a checkpoint of a ResNet, ResNeXt or EfficientNet-Lite, or any classification network as ONNX."""
    from convert.import_checkpoint import Wishes, import_checkpoint
    from models.store import ModelStore
    from server.cli.convert.expected_answer import parse_expected, prove
    from server.cli.flags import load_settings

    parts = {"mean": mean, "std": std, "scale": scale, "resize": resize, "crop": crop, "interpolation": interpolation}
    wishes = said.recipe_wishes(**parts, colour_order=colour_order, layout=layout, recipe=recipe, transform=transform)
    expected = [parse_expected(text) for text in expect or ()]
    said.check_files({"--labels": [labels], "--recipe": [recipe], "--expect": [file for each in expected for file in each.files]})
    settings = load_settings(model_store=model_store, log_level="warning", runtime="cpu", engines="stream")  # of a proof
    model = import_checkpoint(
        file,
        ModelStore(settings.model_store),
        Wishes(name, architecture, wishes, labels, classes, version, image_size, _sizes(batch_sizes), output, score_type),
        force=force,
        plain=onnx,
        progress=_say,
        confirm=lambda settled: yes or _asked(settled),
        prove=(lambda model: prove(settings, expected, model)) if expected else None,
    )
    sys.stdout.write(f"{model.manifest.name} is ready in {model.folder}\n")


def _sizes(text: str | None) -> tuple[int, ...]:
    return parse_batch_sizes(text) if text else (1,)


def _say(message: str) -> None:
    from rich.console import Console

    from models.printable import printable

    shown = "\n".join(map(printable, message.split("\n")))  # names in it come from files
    Console(stderr=True, highlight=False, soft_wrap=True).print(shown, markup=False)


def _asked(settled: "SettledRecipe") -> bool:
    """Ask the person at the terminal, if there is one."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return typer.confirm(f"Nothing says {', '.join(settled.assumed)}. Is the recipe above right?", err=True)
