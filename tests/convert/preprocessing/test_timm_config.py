from typing import Any

import pytest

from convert.conversion_errors import ConvertError
from convert.preprocessing.known_transforms import IMAGENET_MEAN, IMAGENET_STD
from convert.preprocessing.said_recipe import Normalisation, Resize
from convert.preprocessing.timm_config import from_timm, is_timm

CFG: dict[str, Any] = {
    "input_size": [3, 224, 224],
    "interpolation": "bicubic",
    "crop_pct": 0.95,
    "crop_mode": "center",
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
    "num_classes": 1000,
}


def config(**changes: object) -> dict[str, Any]:
    return {"architecture": "resnext50_32x4d", "num_classes": 1000, "pretrained_cfg": {**CFG, **changes}}


def test_a_centre_crop_of_the_short_side() -> None:
    said = from_timm(config(), "config.json")
    assert (said.resize, said.crop_px, said.interpolation) == (Resize("short_side", (235, 235)), (224, 224), "bicubic")
    assert said.normalisation == Normalisation(IMAGENET_MEAN, IMAGENET_STD)
    assert (said.colour_order, said.classes, said.sources) == ("RGB", 1000, ("config.json",))
    assert from_timm(CFG, "config.json") == said


def test_a_squashed_picture() -> None:
    said = from_timm(config(crop_mode="squash", crop_pct=1, input_size=[3, 192, 256]), "config.json")
    assert (said.resize, said.crop_px) == (Resize("stretch", (256, 192)), (256, 192))


def test_the_size_of_the_network_decides_between_two() -> None:
    both = config(input_size=[3, 176, 176], crop_pct=0.875, test_input_size=[3, 224, 224], test_crop_pct=0.965)
    assert from_timm(both, "f").crop_px == from_timm(both, "f", (64, 64)).crop_px == (176, 176)
    said = from_timm(both, "f", (224, 224))
    assert (said.resize, said.crop_px) == (Resize("short_side", (232, 232)), (224, 224))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"input_size": None}, "input_size is missing"),
        ({"input_size": [1, 224, 224]}, r"input_size is not \[3, height, width\]"),
        ({"input_size": [3, 224, 10**9]}, "input_size is not"),
        ({"crop_pct": 1.5}, "crop_pct is 1.5"),
        ({"mean": None}, "mean or std is missing"),
        ({"interpolation": "random"}, "interpolation is 'random'"),
        ({"crop_mode": "border"}, "the engines cannot"),
        ({"crop_mode": "odd"}, "crop_mode is 'odd'"),
        ({"input_size": [3, 192, 256]}, "crop_mode is 'center' for 256x192"),
    ],
)
def test_what_cannot_be_taken(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConvertError, match=reason):
        from_timm(config(**changes), "config.json")


def test_whose_file_it_is() -> None:
    assert is_timm(config())
    assert is_timm(CFG)
    assert not is_timm({"architectures": ["ResNetForImageClassification"], "num_labels": 1000})
