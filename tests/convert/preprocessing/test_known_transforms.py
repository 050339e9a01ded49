import pytest

from convert.conversion_errors import ConvertError
from convert.preprocessing.known_transforms import NAMES, known_transform
from convert.preprocessing.said_recipe import SaidRecipe
from convert.preprocessing.settled_recipe import SettledRecipe, settle
from models.manifest import Transform
from models.store import zoo_manifest


def settled(name: str, width: int = 224, height: int | None = None) -> SettledRecipe:
    size = (width, height or width)
    return settle(known_transform(name, size), SaidRecipe(), size)


def test_training_is_the_zoos_recipe() -> None:
    found = settled("training")
    assert found.recipe.sha256 == zoo_manifest("resnext101_32x4d").recipe.sha256
    assert found.transform is None


@pytest.mark.parametrize(
    ("name", "resize_px", "interpolation"),
    [("torchvision-v1", 256, "bilinear"), ("torchvision-v2", 232, "bilinear"), ("timm", 256, "bicubic"), ("timm-rsb", 235, "bicubic")],
)
def test_pillows(name: str, resize_px: int, interpolation: str) -> None:
    found = settled(name)
    recipe, transform = found.recipe, found.transform
    assert (recipe.resize, recipe.resize_width_px, recipe.input_size_px, recipe.network_size_px) == (
        "short_side",
        resize_px,
        (224, 224),
        (224, 224),
    )
    assert (recipe.mean, recipe.std) == ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    assert transform == Transform.model_validate({"name": name, "resize_px": resize_px, "crop_px": 224, "interpolation": interpolation})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side_px", [32, 64, 224, 299])
def test_any_size(name: str, side_px: int) -> None:
    found = settled(name, side_px)
    assert found.recipe.network_size_px == (side_px, side_px)
    assert found.transform is None or found.transform.crop_px == side_px


def test_whole_pictures() -> None:
    recipe = settled("stretch", 64).recipe
    assert (recipe.input_size_px, recipe.crop_size_px) == ((64, 64), None)
    assert settled("training", 224, 192).recipe.input_size_px == (256, 219)


@pytest.mark.parametrize(
    ("weights", "name"),
    [
        ("ResNet18_Weights.IMAGENET1K_V1", "torchvision-v1"),
        ("ResNeXt101_32X8D_Weights.IMAGENET1K_V2", "torchvision-v2"),
        ("ResNeXt101_64X4D_Weights.IMAGENET1K_V1", "torchvision-v2"),
    ],
)
def test_torchvisions_names(weights: str, name: str) -> None:
    assert settled(weights).recipe.sha256 == settled(name).recipe.sha256
    assert settled(weights).line.endswith(f"(from --transform {weights}, {name}).")


def test_an_unknown_transform() -> None:
    for name in ("keras", "ResNet18_Weights.IMAGENET1K_V2", "ViT_B_16_Weights.IMAGENET1K_V1"):
        with pytest.raises(ConvertError, match=r"Unknown transform '.*torchvision-v1"):
            known_transform(name)


def test_square_pictures_only() -> None:
    with pytest.raises(ConvertError, match=r"makes square pictures.*--resize stretch:224x192$"):
        known_transform("timm", (224, 192))
