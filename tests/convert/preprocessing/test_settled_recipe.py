"""The recipe that is served, the transform that it comes near to, and the line that says both."""

import pytest

from convert.conversion_errors import ConvertError
from convert.preprocessing.recipe_choice import usual_recipe
from convert.preprocessing.said_recipe import Normalisation, Resize, SaidRecipe, SizePx
from convert.preprocessing.settled_recipe import SettledRecipe, settle
from models.manifest import Recipe, Transform

NUMBERS = Normalisation((123.7, 116.3, 103.5), (58.4, 57.1, 57.4))
SAID = SaidRecipe(Resize("short_side", (256, 256)), (224, 224), "BGR", NUMBERS, sources=("the options",))


def settled(said: SaidRecipe, network_px: SizePx = (224, 224), channels: int = 3) -> SettledRecipe:
    return settle(said, usual_recipe("resnet50", mindspore=False, network_px=network_px), network_px, channels)


def test_all_is_said() -> None:
    found = settled(SAID)
    assert found.line == (
        "Recipe: short side 256 linear, centre crop 224, BGR, mean 123.7,116.3,103.5, std 58.4,57.1,57.4 (from the options)."
    )
    assert found.options == "--resize short:256 --crop 224 --colour-order BGR --mean 123.7,116.3,103.5 --std 58.4,57.1,57.4"
    assert (found.assumed, found.transform) == ((), None)
    assert found.recipe == Recipe(
        resize="short_side",
        resize_width_px=256,
        resize_height_px=256,
        crop_width_px=224,
        crop_height_px=224,
        colour_order="BGR",
        mean=NUMBERS.mean,
        std=NUMBERS.std,
        trained_with="short side 256 linear, centre crop 224 (from the options)",
    )


@pytest.mark.parametrize("interpolation", ["area", "cubic", "bicubic", "lanczos"])
def test_an_interpolation_that_is_not_served_is_kept_as_the_transform(interpolation: str) -> None:
    found = settled(SaidRecipe(Resize("stretch", (256, 224)), (224, 192), "RGB", NUMBERS, interpolation, sources=("a",)), (224, 192))
    assert found.transform == Transform.model_validate(
        {
            "name": "as said",
            "resize": "stretch",
            "resize_px": 256,
            "resize_height_px": 224,
            "crop_px": 224,
            "crop_height_px": 192,
            "interpolation": interpolation,
        }
    )
    library = "OpenCV" if interpolation in ("area", "cubic") else "Pillow"
    assert f"{interpolation} ({library}'s; the engines come near to it with linear)" in found.line
    assert "--resize stretch:256x224 --crop 224x192 --colour-order RGB" in found.options
    assert found.options.endswith(f" --interpolation {interpolation}")


def test_parts_that_nothing_says() -> None:
    found = settled(SaidRecipe(resize=Resize("stretch"), sources=("the options",)))
    assert found.assumed == ("--colour-order", "--mean and --std")
    assert found.line.endswith("(from the options; assumed: --colour-order, --mean and --std).")
    assert (found.recipe.resize, found.recipe.crop_size_px, found.recipe.colour_order) == ("stretch", None, "RGB")
    nothing = settled(SaidRecipe())
    assert nothing.assumed == ("--resize", "--colour-order", "--mean and --std")
    assert nothing.transform
    assert nothing.transform.name == "torchvision-v1"


def test_a_network_that_is_not_square() -> None:
    found = settled(SaidRecipe(), (224, 192))
    assert (found.recipe.input_size_px, found.transform) == ((224, 192), None)
    assert settled(SAID.over(SaidRecipe()), (224, 224)).recipe.network_size_px == (224, 224)


@pytest.mark.parametrize(
    ("said", "network_px", "message"),
    [
        (SAID, (299, 299), r"takes 299 pixels, but the recipe gives 224.*--crop 299$"),
        (
            SaidRecipe(Resize("short_side", (128, 128)), None, "RGB", NUMBERS),
            (224, 224),
            r"the resize makes only 128.*--resize stretch:224$",
        ),
        (SaidRecipe(Resize("stretch", (256, 128)), None, "RGB", NUMBERS), (224, 224), r"the resize makes only 256x128"),
    ],
)
def test_sizes_that_do_not_fit(said: SaidRecipe, network_px: SizePx, message: str) -> None:
    with pytest.raises(ConvertError, match=message):
        settled(said, network_px)


def test_grey_is_for_one_channel() -> None:
    with pytest.raises(ConvertError, match=r"takes 3 channels, and the colour order is GREY.*--colour-order RGB$"):
        settled(SaidRecipe(colour_order="GREY"))
    with pytest.raises(ConvertError, match=r"takes 1 channel, and the colour order is BGR.*Add: --colour-order GREY$"):
        settled(SAID, channels=1)
    grey = settled(SaidRecipe(Resize("stretch"), normalisation=NUMBERS), channels=1)
    assert (grey.assumed, grey.recipe.colour_order) == ((), "RGB")  # the network weighs the three channels itself
    assert ", GREY, " in grey.line
