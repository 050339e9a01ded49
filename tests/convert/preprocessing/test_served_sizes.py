"""Sizes that the vendor's resize cannot make are refused in words, wherever they come from."""

import pytest

from convert.conversion_errors import ConvertError
from convert.preprocessing.known_transforms import known_transform
from convert.preprocessing.said_recipe import SaidRecipe, SizePx
from convert.preprocessing.served_sizes import check_network_size, check_resize_size
from convert.preprocessing.settled_recipe import settle


@pytest.mark.parametrize("size_px", [(32, 32), (4096, 4096), (32, 4096)])
def test_the_limits_themselves_are_served(size_px: SizePx) -> None:
    check_network_size(size_px)
    check_resize_size(size_px, "--resize stretch")


@pytest.mark.parametrize(
    ("size_px", "export"),
    [
        ((28, 28), r"32x32 \(width x height\).*size=\(28, 28\)"),
        ((64, 31), r"64x32 .*size=\(31, 64\)"),
        ((5000, 64), r"4096x64 .*size=\(64, 5000\)"),
    ],
)
def test_a_network_of_other_pictures(size_px: SizePx, export: str) -> None:
    with pytest.raises(
        ConvertError, match=rf"only pictures from 32 to 4096 pixels a side can be served.*Export it for pictures of {export}"
    ):
        check_network_size(size_px)


@pytest.mark.parametrize("name", ["torchvision-v1", "timm-rsb", "training"])
def test_a_resize_that_grows_beyond_the_limit(name: str) -> None:
    """256 for 224 is 4681 for 4096, of which neither the recipe nor the transform can be made."""
    said = known_transform(name, (4096, 4096))
    with pytest.raises(ConvertError, match=r"resizes to 4\d+x4\d+ pixels, and only"):
        settle(said, SaidRecipe(), (4096, 4096))
