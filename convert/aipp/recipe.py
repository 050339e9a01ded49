"""Makes the AIPP configuration with the effect of a manifest's recipe."""

from typing import Literal

from pydantic import ValidationError

from convert.aipp.config import AippConfig
from convert.conversion_errors import AippInvalid
from models.manifest import ModelManifest, Recipe

AippSource = Literal["rgb888", "yuv420sp"]

# JPEG's full-range YCbCr to R, G and B, times 256: 1.402, 0.344, 0.714 and 1.772 of JFIF 1.02, with CANN's own rounding.
JPEG_TO_RGB = ((256, 0, 359), (256, -88, -183), (256, 454, 0))
CHROMA_ZERO = 128
SMALLEST_FACTOR = 2.0**-14  # the smallest number with full precision in float16


def aipp_of(manifest: ModelManifest, source: AippSource) -> AippConfig:
    """The static AIPP from pixels of `recipe.input_size_px` to the network's input; raises AippInvalid if AIPP cannot do it.

    `rgb888`: BGR bytes, as OpenCV decodes; `yuv420sp`: full-range NV12, as DVPP decodes JPEGs.
    Means have fractions, but mean_chn takes integers, so the means go into min_chn.
    """
    recipe = manifest.recipe
    width, height = recipe.input_size_px
    try:
        return AippConfig.model_validate(
            {"src_image_size_w": width, "src_image_size_h": height} | _crop(recipe) | _colours(recipe, source) | _normalisation(recipe)
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = f"{first['loc'][0]}: " if first["loc"] else ""
        message = f"{where}{first['msg'].removeprefix('Value error, ')}"
        raise AippInvalid(f"AIPP for {source} cannot do the recipe of {manifest.name}: {message}.", _remedy(source)) from error


def _remedy(source: AippSource) -> str:
    return "Change the recipe, or take --source rgb888." if source == "yuv420sp" else "Change the recipe."


def _crop(recipe: Recipe) -> dict[str, object]:
    (width, height), (network_width, network_height) = recipe.input_size_px, recipe.network_size_px
    if (width, height) == (network_width, network_height):
        return {}
    return {
        "crop": True,
        "load_start_pos_w": (width - network_width) // 2,
        "load_start_pos_h": (height - network_height) // 2,
        "crop_size_w": network_width,
        "crop_size_h": network_height,
    }


def _colours(recipe: Recipe, source: AippSource) -> dict[str, object]:
    if source == "rgb888":
        return {"input_format": "RGB888_U8", "rbuv_swap_switch": recipe.colour_order == "RGB"}
    rows = JPEG_TO_RGB if recipe.colour_order == "RGB" else JPEG_TO_RGB[::-1]
    matrix = {f"matrix_r{r}c{c}": value for r, row in enumerate(rows) for c, value in enumerate(row)}
    return {"input_format": "YUV420SP_U8", "csc_switch": True, "input_bias_1": CHROMA_ZERO, "input_bias_2": CHROMA_ZERO} | matrix


def _normalisation(recipe: Recipe) -> dict[str, object]:
    factors = [_digits(1 / std) for std in recipe.std]
    if min(factors) < SMALLEST_FACTOR:
        raise AippInvalid(f"A std of {max(recipe.std):g} is more than the {1 / SMALLEST_FACTOR:g} AIPP's float16 can divide by.")
    means = [_digits(mean) for mean in recipe.mean]
    return {f"{key}_{c}": value for key, values in (("min_chn", means), ("var_reci_chn", factors)) for c, value in enumerate(values)}


def _digits(value: float) -> float:
    """The value with 15 digits, which every double keeps, so that 255 * 0.406 is 103.53 and not 103.53000000000002."""
    return float(f"{value:.15g}")
