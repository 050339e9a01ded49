"""Recipes that AIPP can do with pixels of RGB888, drawn at random."""

from hypothesis import strategies as st

from models.manifest import ModelManifest, Recipe
from models.store import zoo_manifest

SIDES = st.integers(32, 4096)
MEANS = st.floats(0, 255)
DEVIATIONS = st.floats(1e-3, 1e4)


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    width, height = draw(SIDES), draw(SIDES)
    crop = draw(st.none() | st.tuples(st.integers(32, width), st.integers(32, height)))
    short_side = crop is not None and draw(st.booleans()) and max(crop) <= width
    return Recipe(
        resize="short_side" if short_side else "stretch",
        resize_width_px=width,
        resize_height_px=width if short_side else height,
        crop_width_px=crop[0] if crop else None,
        crop_height_px=crop[1] if crop else None,
        colour_order=draw(st.sampled_from(["RGB", "BGR"])),
        mean=draw(st.tuples(MEANS, MEANS, MEANS)),
        std=draw(st.tuples(DEVIATIONS, DEVIATIONS, DEVIATIONS)),
    )


def manifest_of(recipe: Recipe) -> ModelManifest:
    return zoo_manifest("resnext101_32x4d").model_copy(update={"recipe": recipe})
