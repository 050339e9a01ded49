"""Finds and reads a file that says a recipe: a TOML file, a model's manifest.toml among them, or one of Hugging Face or timm."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from convert.conversion_errors import ConvertError
from convert.preprocessing.hugging_face import from_hugging_face, is_hugging_face
from convert.preprocessing.recipe_dialects import as_key
from convert.preprocessing.recipe_fields import SAY_IT, refusals_of
from convert.preprocessing.recipe_words import PARTS, recipe_of_words
from convert.preprocessing.said_recipe import Normalisation, Resize, SaidRecipe, SizePx
from convert.preprocessing.timm_config import from_timm, is_timm
from models.manifest import ModelManifest, Recipe, Transform
from models.printable import printable
from models.text_file import read_text

MAX_BYTES = 1 << 20
OWN = "recipe.toml"
BESIDE = (OWN, "preprocessor_config.json", "config.json")
WRITTEN = {
    "mean": "123.675,116.28,103.53",
    "std": "58.395,57.12,57.375",
    "scale": "1/255",
    "colour_order": "RGB",
    "resize": "short:256",
    "crop": "224",
    "layout": "NCHW",
    "interpolation": "linear",
}
"""How each key of a recipe is written."""

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
    file = printable(path.name)
    if path.suffix == ".toml":
        with refusals_of(file):
            return _of_table(content, file) if isinstance(content.get("recipe"), dict) else _of_words(content, file)
    with refusals_of(file, SAY_IT):
        if is_timm(content):
            return from_timm(content, file, network_px)
        return from_hugging_face(content, file) if is_hugging_face(content) else None


def _of_words(content: dict[str, Any], file: str) -> SaidRecipe:
    """The keys are the names of the options, with the same words; lists and numbers may be written as such."""
    if unknown := sorted(set(content) - set(PARTS)):
        keys = ", ".join(sorted(PARTS))
        raise ConvertError(
            f"{file} has the key {unknown[0][:60]!r}.", f"Its keys are {keys}; or it has a table [recipe], as a manifest.toml."
        )
    return recipe_of_words({key: _words(content, key, file) for key in content}, as_key, file)


def _words(content: dict[str, Any], key: str, file: str) -> str:
    value = content[key]
    numbers = value if isinstance(value, list) else [value]
    is_text = isinstance(value, str)
    if not is_text and not {int, float}.issuperset(map(type, numbers)):  # not isinstance: True is an int
        fault = "neither words nor numbers"
    elif value in ("", []):
        fault = "empty"
    else:
        return value if is_text else ",".join(map(str, numbers))
    raise ConvertError(f"{file} does not tell the recipe: {key} is {fault}.", f"Write it like this: {as_key(key, WRITTEN[key])}")


def _of_table(content: dict[str, Any], file: str) -> SaidRecipe:
    """The recipe and the transform of a manifest of this project; the table of the recipe may stand alone."""
    if unknown := sorted(set(content) - set(ModelManifest.model_fields)):
        raise ConvertError(
            f"{file} has the key {unknown[0][:60]!r} beside the table [recipe], where it says nothing.",
            "Remove it. A table [recipe] has keys of its own, and mean and std for pixels of 0-255: docs/models.md has a whole one.",
        )
    try:
        recipe = Recipe.model_validate(content["recipe"])
        transform = Transform.model_validate(content["transform"]) if "transform" in content else None
    except ValidationError as error:
        first = error.errors()[0]
        where = f"{'.'.join(map(str, first['loc']))}: ".removeprefix(": ")
        raise ConvertError(
            f"{where}{first['msg'].removeprefix('Value error, ')}.", "Correct that field: docs/models.md has a whole table [recipe]."
        ) from error
    if "name" not in content and 0 < max(recipe.mean) <= 1 >= max(recipe.std):  # written by hand, and not by an import
        raise ConvertError(
            "mean and std are those of pixels of 0-1.", "Multiply them by 255: those of a table [recipe] are of pixels of 0-255."
        )
    return SaidRecipe(
        resize=Resize(recipe.resize, (recipe.resize_width_px, recipe.resize_height_px)),
        crop_px=recipe.network_size_px,
        colour_order=recipe.colour_order,
        normalisation=Normalisation(recipe.mean, recipe.std),
        interpolation=transform.interpolation if transform else recipe.interpolation,
        sources=(file,),
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
