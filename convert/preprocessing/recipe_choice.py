"""Chooses what says the recipe of weights: the options, a named file or transform, a file beside the weights, or their sha256."""

from dataclasses import dataclass, replace
from pathlib import Path

from convert.conversion_errors import ConvertError
from convert.preprocessing.known_transforms import EFFICIENTNET_LITE, STRETCH, TORCHVISION, TRAINING, USUAL_SIDE_PX, known_transform
from convert.preprocessing.published_weights import published_transform
from convert.preprocessing.recipe_dialects import as_key
from convert.preprocessing.recipe_fields import SAY_IT, refusals_of
from convert.preprocessing.recipe_file import read_recipe, recipe_beside
from convert.preprocessing.said_recipe import SaidRecipe, SizePx
from convert.preprocessing.settled_recipe import SettledRecipe, settle

USUAL_PX: SizePx = (USUAL_SIDE_PX, USUAL_SIDE_PX)
NOTHING_SAID = SaidRecipe()


@dataclass(frozen=True)
class RecipeWishes:
    """What the caller says: by `options`, and by a `file` or the name of a known `transform`."""

    options: SaidRecipe = NOTHING_SAID
    file: Path | None = None
    transform: str | None = None

    def normalises(self, said: SaidRecipe) -> bool:
        """Whether the caller himself says mean and deviation, and not a rule for other networks or a file that was found.

        `said` is what `choose_recipe` made of these wishes.
        """
        return (said if self.file else self.options).normalisation is not None


def choose_recipe(wishes: RecipeWishes, weights: Path, sha256: str, network_px: SizePx | None) -> SaidRecipe:
    """What is said about the recipe of a weight file, for a network of pictures of `network_px`; raises ConvertError.

    `classes` of the answer is set only if the file was found and not named: then it may belong to other weights.
    """
    if wishes.file and wishes.transform:
        raise ConvertError(f"Both --recipe {wishes.file} and --transform {wishes.transform} are given.", "Leave out one of them.")
    options = wishes.options
    size_px = network_px or options.network_size_px
    if wishes.file:
        return replace(options.over(read_recipe(wishes.file, size_px)), classes=None)
    if wishes.transform:
        return options.over(known_transform(wishes.transform, size_px))
    if not options.missing:
        return options
    beside = recipe_beside(weights, size_px)
    published = published_transform(sha256)
    if beside.missing and published:
        beside = beside.over(replace(known_transform(published, size_px), sources=(f"torchvision's {published}, by the sha256",)))
    return options.over(beside)


def declared_recipe(file: Path) -> SettledRecipe:
    """What a file alone says, for a network that cannot be asked for its size; raises ConvertError if it does not say all of it."""
    said = read_recipe(file)
    unsaid = [part.replace("_", " ") for part in said.missing] or ([] if said.network_size_px else ["size of the network's pictures"])
    if said.network_size_px is None or unsaid:
        raise ConvertError(f"{file.name} does not tell the recipe: it has no {' and no '.join(unsaid)}.", SAY_IT)
    with refusals_of(file.name):
        return settle(said, said, said.network_size_px, write=as_key)


def usual_recipe(architecture: str, *, mindspore: bool, network_px: SizePx) -> SaidRecipe:
    """The guess for what nothing says: of an EfficientNet-Lite and of MindSpore's weights their own transform, else torchvision's."""
    usual = EFFICIENTNET_LITE if architecture.startswith("efficientnet_lite") else TRAINING if mindspore else TORCHVISION
    return known_transform(usual if network_px[0] == network_px[1] else STRETCH, network_px)
