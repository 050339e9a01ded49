"""Settles what is said about a recipe into the recipe that is served, the training's transform, and a line that a person can check."""

from dataclasses import dataclass, replace

from pydantic import ValidationError

from convert.conversion_errors import ConvertError
from convert.preprocessing.recipe_dialects import Write, as_option
from convert.preprocessing.said_recipe import Resize, SaidRecipe, SizePx
from convert.preprocessing.served_sizes import check_network_size, check_resize_size
from models.manifest import Recipe, Transform
from models.recipe_line import geometry_words, number_words, recipe_line, size_words

_OPTIONS = {"resize": "--resize", "colour_order": "--colour-order", "normalisation": "--mean and --std"}


@dataclass(frozen=True)
class SettledRecipe:
    """The `recipe` that is served; the `transform` of the training, if the recipe only comes near to it.

    `assumed` are the options for what nothing says; `said` says all of it, and `source` where that comes from, in words.
    """

    recipe: Recipe
    transform: Transform | None
    source: str
    assumed: tuple[str, ...]
    said: SaidRecipe

    @property
    def line(self) -> str:
        """All of it in one line, for a person to check."""
        return f"Recipe: {recipe_line(self.recipe, self.transform, self.said.colour_order or '')} ({self.source})."

    @property
    def options(self) -> str:
        """The options that say this recipe."""
        resize, crop_px = _geometry(self.said, self.recipe.network_size_px, as_option)
        way = "short" if resize.kind == "short_side" else "stretch"
        parts = {
            "resize": f"{way}:{size_words(resize.size_px or self.recipe.network_size_px)}",
            "crop": size_words(crop_px) if crop_px else None,
            "colour_order": self.said.colour_order,
            "mean": number_words(self.recipe.mean),
            "std": number_words(self.recipe.std),
            "interpolation": self.transform.interpolation if self.transform else None,
        }
        return " ".join(as_option(part, words) for part, words in parts.items() if words)


def settle(said: SaidRecipe, guess: SaidRecipe, network_px: SizePx, channels: int = 3, write: Write = as_option) -> SettledRecipe:
    """The recipe for a network of pictures of `network_px`, with the parts of `guess` where nothing is said.

    Raises ConvertError; `write` is how its messages write the parts of a recipe.
    """
    if channels == 1 and said.colour_order in (None, "RGB"):  # as files say it that know no grey
        said = replace(said, colour_order="GREY")
    assumed = tuple(_OPTIONS[part] for part in said.missing)
    whole = said.over(guess) if assumed else said
    colour_order, normalisation = whole.colour_order, whole.normalisation
    if (colour_order == "GREY") != (channels == 1):
        raise ConvertError(
            f"The network takes {channels} channel{'s' * (channels != 1)}, and the colour order is {colour_order}.",
            f"Say GREY for a network of one channel, else RGB or BGR: {write('colour_order', 'RGB')}"
            if channels != 1
            else f"Add: {write('colour_order', 'GREY')}",
        )
    assert colour_order  # noqa: S101 - the guess has all parts
    assert normalisation  # noqa: S101
    check_network_size(network_px)
    resize, crop_px = _geometry(whole, network_px, write)
    width, height = resize.size_px or network_px
    check_resize_size((width, height), write("resize", "stretch"))
    try:
        recipe = Recipe.model_validate(
            {
                "resize": resize.kind,
                "resize_width_px": width,
                "resize_height_px": height,
                "crop_width_px": crop_px[0] if crop_px else None,
                "crop_height_px": crop_px[1] if crop_px else None,
                "colour_order": "RGB" if colour_order == "GREY" else colour_order,  # the network itself weighs the channels
                "mean": normalisation.mean,
                "std": normalisation.std,
            }
        )
    except ValidationError as error:
        raise ConvertError(f"The recipe cannot be: {error.errors()[0]['msg'].removeprefix('Value error, ')}.", "Correct it.") from error
    transform, source = _transform(whole, recipe), _source_words(said, assumed)
    trained_with = whole.trained_with or f"{geometry_words(recipe, transform)} ({source})"
    return SettledRecipe(recipe.model_copy(update={"trained_with": trained_with}), transform, source, assumed, whole)


def _geometry(said: SaidRecipe, network_px: SizePx, write: Write) -> tuple[Resize, SizePx | None]:
    """The resize with its size, and the crop, or None if it would change nothing."""
    resize = said.resize or Resize("stretch")
    size_px = resize.size_px or network_px
    if said.crop_px not in (None, network_px):
        found, wanted = size_words(network_px), size_words(said.crop_px or network_px)
        raise ConvertError(
            f"The network takes {found} pixels, but the recipe gives {wanted}.", f"If the network is right: {write('crop', found)}"
        )
    if network_px[0] > size_px[0] or network_px[1] > size_px[1]:
        raise ConvertError(
            f"The network takes {size_words(network_px)} pixels, and the resize makes only {size_words(size_px)}.",
            f"Correct the size of the resize, for example: {write('resize', f'stretch:{size_words(network_px)}')}",
        )
    return replace(resize, size_px=size_px), None if resize.kind == "stretch" and size_px == network_px else network_px


def _transform(said: SaidRecipe, recipe: Recipe) -> Transform | None:
    """The training's transform if the engines only come near to it."""
    if said.interpolation in (None, recipe.interpolation):
        return None
    (width, height), (crop_width, crop_height) = (recipe.resize_width_px, recipe.resize_height_px), recipe.network_size_px
    return Transform.model_validate(
        {
            "name": said.name or "as said",
            "resize": recipe.resize,
            "resize_px": width,
            "resize_height_px": height if width != height else None,
            "crop_px": crop_width,
            "crop_height_px": crop_height if crop_width != crop_height else None,
            "interpolation": said.interpolation,
        }
    )


def _source_words(said: SaidRecipe, assumed: tuple[str, ...]) -> str:
    sources = " and ".join(said.sources)
    if not assumed:
        return f"from {sources}"
    return f"{f'from {sources}; ' if sources and len(assumed) < len(_OPTIONS) else ''}assumed: {', '.join(assumed)}"
