"""The original transform, held against Pillow's own, and the distance to what is served."""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from convert.conversion_errors import ConvertError
from convert.original_transform import OriginalTransformSource, decode, resized, resized_size_px, softmax, transformed
from models.manifest import Recipe, Transform
from models.store import StoredModel
from server.parity.comparison import Answer

PHOTOS = Path(__file__).parents[1] / "photos"
BICUBIC = Transform(name="of the authors", resize_px=256, crop_px=224, interpolation="bicubic")
RECIPE = Recipe(resize_width_px=224, resize_height_px=224, mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))


@pytest.fixture
def original(efficientnet: StoredModel) -> StoredModel:
    return replace(efficientnet, manifest=efficientnet.manifest.model_copy(update={"transform": BICUBIC}))


def by_pillow(path: Path, transform: Transform, recipe: Recipe) -> np.ndarray:
    """As torchvision's Resize, CenterCrop, ToTensor and Normalize do it, for a landscape."""
    with Image.open(path) as file:
        image = file.convert("RGB")
    width, height = int(transform.resize_px * image.width / image.height), transform.resize_px
    image = image.resize((width, height), Image.Resampling[transform.interpolation.upper()])
    left, top = round((width - transform.crop_px) / 2.0), round((height - transform.crop_px) / 2.0)
    pixels = np.asarray(image.crop((left, top, left + transform.crop_px, top + transform.crop_px)), np.float32)
    mean, std = np.array(recipe.mean, np.float32), np.array(recipe.std, np.float32)
    return np.asarray((pixels - mean) / std).transpose(2, 0, 1)[None]


@pytest.mark.parametrize("name", ["cat.png", "coffee.png"])
@pytest.mark.parametrize("transform", [BICUBIC, BICUBIC.model_copy(update={"interpolation": "bilinear", "resize_px": 233})])
def test_the_network_sees_what_pillow_makes(name: str, transform: Transform) -> None:
    found = transformed(decode((PHOTOS / name).read_bytes()), transform, RECIPE)
    np.testing.assert_array_equal(found, by_pillow(PHOTOS / name, transform, RECIPE))
    swapped = transformed(decode((PHOTOS / name).read_bytes()), transform, RECIPE.model_copy(update={"colour_order": "BGR"}))
    mean, std = (np.array(triple).reshape(1, 3, 1, 1) for triple in (RECIPE.mean, RECIPE.std))
    np.testing.assert_allclose((swapped * std + mean)[:, ::-1], found * std + mean, atol=1e-3)


def test_a_tall_picture_is_resized_as_by_the_pillow_of_its_weights() -> None:
    """Pillow 12.3 makes these bytes in one call, Pillow 13.0 in one call makes others."""
    pixels = np.random.default_rng(1).integers(0, 256, (1500, 400, 3)).astype(np.uint8)
    found = resized(pixels, 256, 960, "bicubic")
    assert found.shape == (960, 256, 3)
    assert hashlib.sha256(found.tobytes()).hexdigest() == "ea803b45498cc57fd39963a00f05c0fbc7fc5453b109c0aec154501d180be01c"


def test_without_pillow(original: StoredModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ConvertError, match=r"pip install 'ascend-classify\[parity\]'"):
        OriginalTransformSource("test", original, Path.read_bytes)


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(32, 512))
def test_the_short_side_is_as_long_as_wanted(width: int, height: int, short: int) -> None:
    size = resized_size_px(width, height, short)
    assert min(size) == short
    assert resized_size_px(height, width, short) == size[::-1]


@pytest.mark.parametrize(("size", "resized"), [((500, 375), (341, 256)), ((375, 500), (256, 341)), ((256, 256), (256, 256))])
def test_sizes(size: tuple[int, int], resized: tuple[int, int]) -> None:
    assert resized_size_px(*size, 256) == resized


def test_softmax() -> None:
    assert softmax(np.array([1000, 1000, -1000], np.float32)).tolist() == [0.5, 0.5, 0]


def answers(model: StoredModel, *paths: Path) -> list[Answer]:
    return list(OriginalTransformSource("test", model, Path.read_bytes).answers(paths))


def test_the_answers_of_a_real_network(original: StoredModel) -> None:
    """Cropped instead of stretched, the cat is nearly as likely another one: 0.38 and 0.38 where the recipe gives 0.78 and 0.10."""
    found = answers(original, PHOTOS / "cat.png", PHOTOS / "coffee.png")
    cat, coffee = ({label: score for _, label, score in answer} for answer in found if isinstance(answer, tuple))
    assert (len(cat), len(coffee)) == (16, 16)
    assert [*cat][:3] == ["tiger cat", "Egyptian cat", "tabby, tabby cat"]
    assert cat["tiger cat"] == pytest.approx(0.395, abs=5e-3)
    assert cat["Egyptian cat"] == pytest.approx(0.355, abs=5e-3)
    assert next(iter(coffee)) == "espresso"


def test_what_cannot_be_decoded_or_would_be_too_large_is_an_answer_too(original: StoredModel, tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(b"noise")
    Image.new("L", (60_000, 1)).save(tmp_path / "line.png")
    found = answers(original, tmp_path / "noise", tmp_path / "line.png", PHOTOS / "cat.png")
    assert [str(answer) for answer in found if isinstance(answer, ConvertError)] == [
        "The image cannot be decoded.",
        "The image of 60000x1 pixels would be resized to 15360000x256.",
    ]
    assert isinstance(found[2], tuple)


def test_models_it_cannot_be_for(efficientnet: StoredModel, original: StoredModel) -> None:
    with pytest.raises(ConvertError, match="served with the transform of its training itself"):
        answers(efficientnet)
    other = original.manifest.model_copy(update={"transform": BICUBIC.model_copy(update={"crop_px": 192})})
    with pytest.raises(ConvertError, match="crops 192x192 of 256x256 pixels, but the network takes 224x224"):
        answers(replace(original, manifest=other))


@pytest.mark.parametrize(
    ("interpolation", "by_opencv"), [("linear", cv2.INTER_LINEAR), ("area", cv2.INTER_AREA), ("cubic", cv2.INTER_CUBIC)]
)
def test_a_stretch_that_is_not_square(interpolation: str, by_opencv: int) -> None:
    """By OpenCV, and cropped in the middle."""
    told = {"name": "mine", "resize": "stretch", "resize_px": 256, "resize_height_px": 224, "crop_px": 224, "crop_height_px": 192}
    pixels = decode((PHOTOS / "cat.png").read_bytes())
    found = transformed(pixels, Transform.model_validate({**told, "interpolation": interpolation}), RECIPE)
    expected = cv2.resize(pixels, (256, 224), interpolation=by_opencv)[16:208, 16:240].astype(np.float32)
    mean, std = (np.array(triple, np.float32) for triple in (RECIPE.mean, RECIPE.std))
    np.testing.assert_array_equal(found[0], ((expected - mean) / std).transpose(2, 0, 1))
