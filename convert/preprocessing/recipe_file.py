"""Finds and reads a file that says a recipe: a recipe.toml, a model's manifest.toml, or one of Hugging Face or timm beside the weights."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from convert.conversion_errors import ConvertError
from convert.preprocessing.hugging_face import from_hugging_face, is_hugging_face
from convert.preprocessing.normalisation_units import normalisation_of
from convert.preprocessing.recipe_fields import SAY_IT, Fields
from convert.preprocessing.recipe_words import resize_way, scale_factor, size_px
from convert.preprocessing.said_recipe import INTERPOLATIONS, Normalisation, Resize, SaidRecipe, SizePx
from convert.preprocessing.timm_config import from_timm, is_timm
from models.manifest import ModelManifest
from models.text_file import read_text

MAX_BYTES = 1 << 20
OWN = "recipe.toml"
BESIDE = (OWN, "preprocessor_config.json", "config.json")
_KEYS = {"mean", "std", "scale", "colour_order", "resize", "crop", "layout", "interpolation"}

Parse = Callable[[str], Any]


def read_recipe(path: Path, network_px: SizePx | None = None) -> SaidRecipe:
    """What the file says, for a network of pictures of `network_px`; raises ConvertError if it cannot be read or says no recipe."""
    content = content_of(path)
    said = _said(content, path, network_px)
    if said is None:
        raise ConvertError(f"{path} does not tell how pictures reach a network.", SAY_IT)
    return said


def recipe_beside(weights: Path, network_px: SizePx | None) -> SaidRecipe:
    """What the files in the folder of the weights say; nothing if there is none.

    Raises ConvertError if a file cannot be read, or if two of them differ.
    """
    found: list[SaidRecipe] = []
    for name in BESIDE:
        path = weights.parent / name
        said = _said(content_of(path), path, network_px) if path.is_file() else None
        if said:
            found.append(said)
    for other in found[1:]:
        if differ := _difference(found[0], other):
            first, second = found[0].sources[0], other.sources[0]
            raise ConvertError(
                f"{first} and {second} beside {weights.name} differ in the {differ}.",
                f"Name the right one: --recipe {weights.parent / first}",
            )
    return found[0] if found else SaidRecipe()


def _difference(one: SaidRecipe, other: SaidRecipe) -> str:
    pairs = ((part, getattr(one, part), getattr(other, part)) for part in ("resize", "crop_px", "colour_order", "normalisation"))
    return next((part.removesuffix("_px").replace("_", " ") for part, a, b in pairs if None not in (a, b) and a != b), "")


def _said(content: dict[str, Any], path: Path, network_px: SizePx | None) -> SaidRecipe | None:
    if path.suffix != ".toml":
        if is_timm(content):
            return from_timm(content, path.name, network_px)
        return from_hugging_face(content, path.name) if is_hugging_face(content) else None
    if isinstance(content.get("recipe"), dict):
        return _of_manifest(path)
    return _of_own(content, path.name)


def _of_own(content: dict[str, Any], file: str) -> SaidRecipe:
    """The keys are the names of the options, with the same words; lists and numbers may be written as such."""
    fields = Fields(content, file)
    if unknown := sorted(set(content) - _KEYS):
        raise fields.refuse(f"{unknown[0][:60]!r} is not a key of it; the keys are {', '.join(sorted(_KEYS))}")
    mean, std = fields.triple("mean"), fields.triple("std")
    scale = scale_factor(fields.text("scale"), "scale") if content.get("scale") is not None else None
    crop = content.get("crop")
    return SaidRecipe(
        resize=resize_way(fields.text("resize"), "resize") if content.get("resize") is not None else None,
        crop_px=fields.size_px("crop") if isinstance(crop, int | dict) else size_px(fields.text("crop"), "crop ") if crop else None,
        colour_order=_one_of(fields, "colour_order", ("RGB", "BGR", "GREY")),
        normalisation=normalisation_of(mean, std, scale) if (mean, std, scale) != (None, None, None) else None,
        interpolation=_one_of(fields, "interpolation", INTERPOLATIONS),
        layout=_one_of(fields, "layout", ("NCHW", "NHWC")),
        sources=(file,),
    )


def _one_of(fields: Fields, key: str, allowed: tuple[str, ...]) -> Any:  # noqa: ANN401 - each key has words of its own
    word = fields.text(key)
    if word and word not in allowed:
        raise fields.refuse(f"{key} is {word[:60]!r} and not one of {', '.join(allowed)}")
    return word or None


def _of_manifest(path: Path) -> SaidRecipe:
    """The recipe and the transform of a model of this project."""
    manifest = ModelManifest.read(path, renew=True)
    recipe, transform = manifest.recipe, manifest.transform
    return SaidRecipe(
        resize=Resize(recipe.resize, (recipe.resize_width_px, recipe.resize_height_px)),
        crop_px=recipe.network_size_px,
        colour_order=recipe.colour_order,
        normalisation=Normalisation(recipe.mean, recipe.std),
        interpolation=transform.interpolation if transform else "linear",
        sources=(path.name,),
        name=transform.name if transform else "",
        trained_with=recipe.trained_with,
    )


def content_of(path: Path) -> dict[str, Any]:
    """The keys of a JSON or TOML file; raises ConvertError."""
    parse: Parse = tomllib.loads if path.suffix == ".toml" else _json
    if not path.is_file():  # a FIFO would block
        raise ConvertError(f"{path} does not exist or is not a file.", SAY_IT)
    try:
        content = parse(read_text(path, MAX_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise ConvertError(f"{path} cannot be read as a recipe: {error}.", SAY_IT) from error
    if not isinstance(content, dict):
        raise ConvertError(f"{path} cannot be read as a recipe: it is not an object with keys.", SAY_IT)
    return content


def _json(text: str) -> object:
    return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key comes twice")
    return content


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")
