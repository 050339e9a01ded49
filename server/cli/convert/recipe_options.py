"""The options of `convert import` that say how pictures reach the network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from convert.preprocessing.recipe_choice import RecipeWishes

Mean = Annotated[str | None, typer.Option(help="Means of the channels, as 123.7,116.3,103.5, for pixels of 0-255.", show_default=False)]
Std = Annotated[str | None, typer.Option(help="Deviations of the channels, as 58.4,57.1,57.4.", show_default=False)]
Scale = Annotated[
    str | None, typer.Option(help="Factor of each pixel, as 1/255, before mean and std; alone it is the whole.", show_default=False)
]
Colours = Annotated[
    Literal["RGB", "BGR", "GREY"] | None, typer.Option(case_sensitive=False, help="Colour order of the network.", show_default=False)
]
ResizeWay = Annotated[
    str | None, typer.Option(help="stretch, stretch:256, stretch:256x224 (WIDTHxHEIGHT) or short:256.", show_default=False)
]
Crop = Annotated[str | None, typer.Option(help="Centre crop, the network's size: 224, or WIDTHxHEIGHT.", show_default=False)]
LayoutOption = Annotated[
    Literal["NCHW", "NHWC"] | None,
    typer.Option("--layout", case_sensitive=False, help="Layout of the network's input, to be checked.", show_default=False),
]
Interpolation = Annotated[
    str | None,
    typer.Option(
        help="Of the resize in training: linear, area, cubic (OpenCV), bilinear, bicubic, lanczos, box, hamming, nearest (Pillow). "
        "Served is linear.",
        show_default=False,
    ),
]
RecipeFile = Annotated[
    Path | None,
    typer.Option(
        "--recipe",
        help="A recipe.toml, a manifest.toml, Hugging Face's preprocessor_config.json or timm's config.json.  [default: beside FILE]",
        show_default=False,
    ),
]
TransformName = Annotated[
    str | None,
    typer.Option(
        help="A known transform: training, torchvision-v1, torchvision-v2, timm, timm-rsb, stretch, efficientnet-lite, "
        "ResNet50_Weights.IMAGENET1K_V2.",
        show_default=False,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Accept the printed recipe, if nothing says a part of it.")]
Expect = Annotated[
    list[str] | None,
    typer.Option(
        metavar="photo.jpg=287",
        help="Import only if the photo gets this class id, or the scores of a .npy; the first becomes the golden image.",
        show_default=False,
    ),
]


def check_files(named: Mapping[str, Sequence[Path | None]]) -> None:
    """Raise ConvertError for the first file that does not exist; `named` are the files of each option. Before all other work."""
    from convert.conversion_errors import ConvertError

    for option, files in named.items():
        for file in files:
            if file and not file.exists():
                raise ConvertError(f"{option} {file}: there is no such file.", "Correct the path.")
            if file and file.is_dir():
                raise ConvertError(f"{option} {file} is a folder.", "Name a file.")


def recipe_wishes(*, recipe: Path | None, transform: str | None, **words: str | None) -> "RecipeWishes":
    """What the options say, `words` by the names of the parts; raises ConvertError for words that have no certain meaning."""
    from convert.preprocessing.recipe_choice import RecipeWishes
    from convert.preprocessing.recipe_dialects import as_option
    from convert.preprocessing.recipe_words import recipe_of_words

    return RecipeWishes(recipe_of_words(words, as_option, "the options"), recipe, transform)
