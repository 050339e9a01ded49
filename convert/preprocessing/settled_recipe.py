"""Settles what is said about a recipe into the recipe that is served, the training's transform, and a line that a person can check."""

from dataclasses import dataclass, replace

from pydantic import ValidationError

from convert.conversion_errors import ConvertError
from convert.preprocessing.normalisation_units import words
from convert.preprocessing.said_recipe import PILLOW_INTERPOLATIONS, Resize, SaidRecipe, SizePx
from convert.preprocessing.served_sizes import check_network_size, check_resize_size
from models.manifest import Recipe, Transform

LINEAR = "linear"  # of OpenCV: the one interpolation of the vendor's elements
_OPTIONS = {"resize": "--resize", "colour_order": "--colour-order", "normalisation": "--mean and --std"}


@dataclass(frozen=True)
class SettledRecipe:
    """The `recipe` that is served; the `transform` of the training, if the recipe only comes near to it.

    `assumed` are the options for what nothing says; `said` says all of it, `geometry` and `source` in words.
    """

    recipe: Recipe
    transform: Transform | None
    geometry: str
    source: str
    assumed: tuple[str, ...]
    said: SaidRecipe

    @property
    def line(self) -> str:
        """All of it in one line, for a person to check."""
        numbers = f"mean {words(self.recipe.mean)}, std {words(self.recipe.std)}"
        return f"Recipe: {self.geometry}, {self.said.colour_order}, {numbers} ({self.source})."

    @property
    def options(self) -> str:
        """The options that say this recipe."""
        resize, crop_px = _geometry(self.said, self.recipe.network_size_px)
        way = "short" if resize.kind == "short_side" else "stretch"
        said = [f"--resize {way}:{_size_words(resize.size_px or self.recipe.network_size_px)}"]
        said += [f"--crop {_size_words(crop_px)}"] if crop_px else []
        said += [f"--colour-order {self.said.colour_order}", f"--mean {words(self.recipe.mean)}", f"--std {words(self.recipe.std)}"]
        said += [f"--interpolation {self.transform.interpolation}"] if self.transform else []
        return " ".join(said)


def settle(said: SaidRecipe, guess: SaidRecipe, network_px: SizePx, channels: int = 3) -> SettledRecipe:
    """The recipe for a network of pictures of `network_px`, with the parts of `guess` where nothing is said. Raises ConvertError."""
    if channels == 1 and said.colour_order in (None, "RGB"):  # as files say it that know no grey
        said = replace(said, colour_order="GREY")
    assumed = tuple(_OPTIONS[part] for part in said.missing)
    whole = said.over(guess) if assumed else said
    colour_order, normalisation = whole.colour_order, whole.normalisation
    if (colour_order == "GREY") != (channels == 1):
        raise ConvertError(
            f"The network takes {channels} channel{'s' * (channels != 1)}, and the colour order is {colour_order}.",
            "Say GREY for a network of one channel, else RGB or BGR: --colour-order RGB" if channels != 1 else "Add: --colour-order GREY",
        )
    assert colour_order  # noqa: S101 - the guess has all parts
    assert normalisation  # noqa: S101
    check_network_size(network_px)
    resize, crop_px = _geometry(whole, network_px)
    width, height = resize.size_px or network_px
    check_resize_size((width, height))
    transform, told = _transform(whole, resize, (width, height), crop_px or network_px)
    geometry = _geometry_words(resize, (width, height), crop_px, told)
    source = _source_words(said, assumed)
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
                "trained_with": whole.trained_with or f"{geometry} ({source})",
            }
        )
    except ValidationError as error:
        raise ConvertError(f"The recipe cannot be: {error.errors()[0]['msg'].removeprefix('Value error, ')}.", "Correct it.") from error
    return SettledRecipe(recipe, transform, geometry, source, assumed, whole)


def _geometry(said: SaidRecipe, network_px: SizePx) -> tuple[Resize, SizePx | None]:
    """The resize with its size, and the crop, or None if it would change nothing."""
    resize = said.resize or Resize("stretch")
    size_px = resize.size_px or network_px
    if said.crop_px not in (None, network_px):
        found, wanted = _size_words(network_px), _size_words(said.crop_px or network_px)
        raise ConvertError(f"The network takes {found} pixels, but the recipe gives {wanted}.", f"If the network is right: --crop {found}")
    if network_px[0] > size_px[0] or network_px[1] > size_px[1]:
        raise ConvertError(
            f"The network takes {_size_words(network_px)} pixels, and the resize makes only {_size_words(size_px)}.",
            f"Correct the size of the resize, for example: --resize stretch:{_size_words(network_px)}",
        )
    return replace(resize, size_px=size_px), None if resize.kind == "stretch" and size_px == network_px else network_px


def _transform(said: SaidRecipe, resize: Resize, size_px: SizePx, crop_px: SizePx) -> tuple[Transform | None, str]:
    """The training's transform if the engines only come near to it, and the words for its interpolation."""
    interpolation = said.interpolation or LINEAR
    if interpolation == LINEAR:
        return None, LINEAR
    transform = Transform.model_validate(
        {
            "name": said.name or "as said",
            "resize": resize.kind,
            "resize_px": size_px[0],
            "resize_height_px": size_px[1] if size_px[0] != size_px[1] else None,
            "crop_px": crop_px[0],
            "crop_height_px": crop_px[1] if crop_px[0] != crop_px[1] else None,
            "interpolation": interpolation,
        }
    )
    library = "Pillow" if interpolation in PILLOW_INTERPOLATIONS else "OpenCV"
    return transform, f"{interpolation} ({library}'s; the engines come near to it with {LINEAR})"


def _geometry_words(resize: Resize, size_px: SizePx, crop_px: SizePx | None, interpolation: str) -> str:
    way = f"short side {size_px[0]}" if resize.kind == "short_side" else f"stretch to {size_px[0]}x{size_px[1]}"
    return f"{way} {interpolation}" + (f", centre crop {_size_words(crop_px)}" if crop_px else "")


def _source_words(said: SaidRecipe, assumed: tuple[str, ...]) -> str:
    sources = " and ".join(said.sources)
    if not assumed:
        return f"from {sources}"
    return f"{f'from {sources}; ' if sources and len(assumed) < len(_OPTIONS) else ''}assumed: {', '.join(assumed)}"


def _size_words(size_px: SizePx) -> str:
    width, height = size_px
    return str(width) if width == height else f"{width}x{height}"
