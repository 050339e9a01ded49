"""Looks for the mistake in a recipe by which a model misses an expected answer: each likely one is undone, and the network asked again."""

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from convert.original_transform import decode, transformed
from convert.plain_run import PlainRun
from convert.preprocessing.known_transforms import IMAGENET_MEAN, IMAGENET_STD, USUAL_SIDE_PX
from convert.preprocessing.served_sizes import MAX_SIDE_PX
from models.manifest import Recipe, Transform, Triple
from models.recipe_line import number_words
from models.store import StoredModel

Logits = NDArray[np.float32]
_WORDS = {
    "RGB": "the colour order is RGB",
    "BGR": "the colour order is BGR",
}
_NORMALISATIONS: tuple[tuple[str, Triple, Triple], ...] = (
    ("mean and std are those of ImageNet", IMAGENET_MEAN, IMAGENET_STD),
    ("the pixels are 0-1, without mean and std", (0, 0, 0), (255, 255, 255)),
    ("the pixels are 0-255, without mean and std", (0, 0, 0), (1, 1, 1)),
    ("the pixels are -1 to 1", (127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    ("the mean of ImageNet is taken away, and nothing is divided", IMAGENET_MEAN, (1, 1, 1)),
)
_SHORT_PX = 256  # for a network of 224


def likely_mistake(model: StoredModel, image: bytes, fit: Callable[[Logits], float | None], interpolation: str = "linear") -> str:
    """What would give the expected answer, in words with the options that say it; empty if nothing does.

    `fit` is how well the logits fit the expected answer, the more the better, or None if they do not. Raises ConvertError if the image
    cannot be decoded.
    """
    run, pixels = PlainRun(model), decode(image)
    best, found = -np.inf, ""
    for told, options, recipe in variants(model.manifest.recipe):
        how_well = fit(run.logits(transformed(pixels, transform_of(recipe, interpolation), recipe)))
        if how_well is not None and how_well > best:
            best, found = how_well, f"The answer would be the expected one if {told}: {options}"
    return found


def transform_of(recipe: Recipe, interpolation: str = "linear") -> Transform:
    """What the engines do with a picture, as a transform; or the same with another interpolation."""
    width, height = recipe.network_size_px
    return Transform.model_validate(
        {
            "name": "recipe",
            "resize": recipe.resize,
            "resize_px": recipe.resize_width_px,
            "resize_height_px": recipe.resize_height_px,
            "crop_px": width,
            "crop_height_px": height,
            "interpolation": interpolation,
        }
    )


def variants(recipe: Recipe) -> Iterator[tuple[str, str, Recipe]]:
    """Other recipes that the training may have had, each with its words and its options: one change, or colours and numbers together."""
    orders: list[tuple[str, str, str]] = [("", "", recipe.colour_order)]
    if recipe.colour_order in _WORDS:
        other = "BGR" if recipe.colour_order == "RGB" else "RGB"
        orders.append((_WORDS[other], f"--colour-order {other}", other))
    normalisations = [("", "", recipe.mean, recipe.std)]
    for told, mean, std in _NORMALISATIONS:
        if (mean, std) != (recipe.mean, recipe.std):
            scale = "" if max(std) > 1 or any(mean) else "--scale 1 "
            normalisations.append((told, f"{scale}--mean {number_words(mean)} --std {number_words(std)}", mean, std))
    for (order_told, order_option, order), (told, options, mean, std) in product(orders, normalisations):
        if order_told or told:
            changed = recipe.model_copy(update={"colour_order": order, "mean": mean, "std": std})
            yield " and ".join(filter(None, (order_told, told))), " ".join(filter(None, (order_option, options))), changed
    yield from _geometries(recipe)


def _geometries(recipe: Recipe) -> Iterator[tuple[str, str, Recipe]]:
    width, height = recipe.network_size_px
    if recipe.resize != "stretch" or recipe.crop_size_px:
        size = f"{width}x{height}"
        whole = {"resize": "stretch", "resize_width_px": width, "resize_height_px": height, "crop_width_px": None, "crop_height_px": None}
        yield "the whole picture is stretched", f"--resize stretch:{size}", recipe.model_copy(update=whole)
    side = _SHORT_PX * width // USUAL_SIDE_PX
    if recipe.resize != "short_side" and width == height and side <= MAX_SIDE_PX:
        short = {
            "resize": "short_side",
            "resize_width_px": side,
            "resize_height_px": side,
            "crop_width_px": width,
            "crop_height_px": height,
        }
        yield "the short side is scaled", f"--resize short:{side} --crop {width}", recipe.model_copy(update=short)
