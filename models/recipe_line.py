"""A recipe in words, as a person reads it and as options take it."""

from collections.abc import Sequence

from models.manifest import Recipe, Transform

_OPENCV = ("linear", "area", "cubic")


def recipe_line(recipe: Recipe, transform: Transform | None = None, colour_order: str = "") -> str:
    """For example: stretch to 256x256 linear, centre crop 224, RGB, mean 127, std 128. Mean and std are of pixels 0-255.

    `transform` is what the recipe only comes near to, `colour_order` the network's, if it is not that of the recipe.
    """
    numbers = f"mean {number_words(recipe.mean)}, std {number_words(recipe.std)}"
    return f"{geometry_words(recipe, transform)}, {colour_order or recipe.colour_order}, {numbers}"


def geometry_words(recipe: Recipe, transform: Transform | None = None) -> str:
    """The part of the line before the colours."""
    side = f"{recipe.resize_width_px}x{recipe.resize_height_px}"
    way = f"stretch to {side}" if recipe.resize == "stretch" else f"short side {recipe.resize_width_px}"
    crop = f", centre crop {size_words(recipe.crop_size_px)}" if recipe.crop_size_px else ""
    if transform is None or transform.interpolation == recipe.interpolation:
        return f"{way} {recipe.interpolation}{crop}"
    library = "OpenCV" if transform.interpolation in _OPENCV else "Pillow"
    return f"{way} {transform.interpolation} ({library}'s; the engines come near to it with {recipe.interpolation}){crop}"


def number_words(numbers: Sequence[float]) -> str:
    """The numbers with commas; one stands for three that are equal."""
    different = numbers[:1] if len(set(numbers)) == 1 else numbers
    return ",".join(f"{number:.12g}" for number in different)


def size_words(size_px: tuple[int, int]) -> str:
    """A side, or WIDTHxHEIGHT."""
    width, height = size_px
    return str(width) if width == height else f"{width}x{height}"
