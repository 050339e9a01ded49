"""Files as they lie on Hugging Face, and what their processors make of pictures."""

from typing import Any

import pytest

from convert.conversion_errors import ConvertError
from convert.preprocessing.hugging_face import from_hugging_face, is_hugging_face
from convert.preprocessing.known_transforms import IMAGENET_MEAN, IMAGENET_STD
from convert.preprocessing.said_recipe import Normalisation, Resize

IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
TO_1 = {"do_rescale": True, "rescale_factor": 0.00392156862745098}
VIT = {"do_normalize": True, "do_resize": True, "image_processor_type": "ViTImageProcessor", "resample": 2, **HALF, **TO_1}
RESNET = {"do_normalize": True, "do_resize": True, "feature_extractor_type": "ConvNextFeatureExtractor", "resample": 3, **IMAGENET}
MOBILENET = {
    "image_processor_type": "MobileNetV2ImageProcessor",
    "do_center_crop": True,
    "crop_size": {"height": 224, "width": 224},
    "size": {"shortest_edge": 256},
    "resample": 2,
    **HALF,
    **TO_1,
}
MOBILEVIT = {
    "image_processor_type": "MobileViTImageProcessor",
    "do_center_crop": True,
    "do_flip_channel_order": True,
    "crop_size": {"height": 256, "width": 256},
    "size": {"shortest_edge": 288},
    **TO_1,
}


def short(side: int) -> Resize:
    return Resize("short_side", (side, side))


@pytest.mark.parametrize(
    ("content", "resize", "crop", "interpolation"),
    [
        ({**VIT, "size": {"height": 224, "width": 224}}, Resize("stretch", (224, 224)), None, "bilinear"),
        ({**VIT, "size": 384}, Resize("stretch", (384, 384)), None, "bilinear"),
        ({**RESNET, "size": 224, "crop_pct": 0.875}, short(256), (224, 224), "bicubic"),
        ({**RESNET, "size": {"shortest_edge": 224}}, short(256), (224, 224), "bicubic"),
        ({**RESNET, "size": {"shortest_edge": 384}, "crop_pct": 0.95}, Resize("stretch", (384, 384)), None, "bicubic"),
        (MOBILENET, short(256), (224, 224), "bilinear"),
        (MOBILEVIT, short(288), (256, 256), None),
        (
            {**MOBILENET, "image_processor_type": "DeiTImageProcessor", "size": {"height": 256, "width": 256}},
            Resize("stretch", (256, 256)),
            (224, 224),
            "bilinear",
        ),
    ],
)
def test_the_geometry(content: dict[str, Any], resize: Resize, crop: tuple[int, int] | None, interpolation: str | None) -> None:
    assert is_hugging_face(content)
    said = from_hugging_face(content, "preprocessor_config.json")
    assert (said.resize, said.crop_px, said.interpolation) == (resize, crop, interpolation)
    assert said.sources == ("preprocessor_config.json",)


def test_the_numbers_and_the_colours() -> None:
    resnet, vit, mobilevit = (from_hugging_face(content, "f") for content in ({**RESNET, "size": 224}, {**VIT, "size": 224}, MOBILEVIT))
    assert resnet.normalisation == Normalisation(IMAGENET_MEAN, IMAGENET_STD)
    assert vit.normalisation == Normalisation((127.5,) * 3, (127.5,) * 3)
    assert mobilevit.normalisation == Normalisation((0, 0, 0), (255, 255, 255))
    assert (resnet.colour_order, mobilevit.colour_order) == ("RGB", "BGR")
    raw = from_hugging_face({**VIT, "size": 224, "do_normalize": False}, "f")
    assert raw.normalisation == Normalisation((0, 0, 0), (255, 255, 255))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({**VIT, "size": 224, "image_processor_type": "DonutImageProcessor"}, "it is of a DonutImageProcessor"),
        ({**VIT, "size": 224, "image_processor_type": ""}, "can be a stretch or the short side"),
        ({**VIT, "size": 224, "do_resize": False}, "do_resize is false"),
        ({**VIT, "size": {"shortest_edge": 224}}, "does not crop"),
        ({**VIT, "size": {}}, "size has neither"),
        ({**VIT}, "size has neither"),
        ({**VIT, "size": 224, "image_std": None}, "image_std is missing"),
        ({**VIT, "size": 224, "resample": 9}, "resample is 9"),
        ({**VIT, "size": 224, "rescale_offset": True}, "rescale_offset"),
        ({**VIT, "size": 224, "rescale_factor": 0}, "rescale_factor"),
        ({**VIT, "size": 10**9}, "is not a side"),
        ({**RESNET, "size": 224, "crop_pct": 0}, "crop_pct"),
        ({**MOBILENET, "crop_size": None}, "crop_size is missing"),
    ],
)
def test_what_is_not_certain_is_refused(content: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConvertError, match=f"preprocessor_config.json does not tell the recipe: .*{reason}"):
        from_hugging_face(content, "preprocessor_config.json")


def test_pixels_that_are_not_rescaled_are_refused_with_numbers_of_0_to_1() -> None:
    with pytest.raises(ConvertError, match="can be meant for pixels of 0-1 or of 0-255"):
        from_hugging_face({**VIT, "size": 224, "do_rescale": False}, "f")
