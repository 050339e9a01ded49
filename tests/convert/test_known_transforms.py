import pytest

from convert.conversion_errors import ConvertError
from convert.known_transforms import NAMES, recipe_for
from models.manifest import Transform
from models.store import zoo_manifest


def test_training_is_the_zoos_recipe() -> None:
    recipe, transform = recipe_for("training")
    assert recipe.sha256 == zoo_manifest("resnext101_32x4d").recipe.sha256
    assert transform is None


@pytest.mark.parametrize(
    ("name", "resize_px", "interpolation"),
    [("torchvision-v1", 256, "bilinear"), ("torchvision-v2", 232, "bilinear"), ("timm", 256, "bicubic"), ("timm-rsb", 235, "bicubic")],
)
def test_pillows(name: str, resize_px: int, interpolation: str) -> None:
    recipe, transform = recipe_for(name)
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
    recipe, transform = recipe_for(name, side_px)
    assert recipe.network_size_px == (side_px, side_px)
    assert transform is None or transform.crop_px == side_px


def test_whole_pictures() -> None:
    recipe, _ = recipe_for("stretch", 64)
    assert (recipe.input_size_px, recipe.crop_size_px) == ((64, 64), None)


def test_an_unknown_transform() -> None:
    with pytest.raises(ConvertError, match=r"Unknown transform 'keras'.*torchvision-v1"):
        recipe_for("keras")
