from pathlib import Path

import cv2
import numpy as np
import pytest

from models.manifest import ModelManifest, Recipe
from models.store import zoo_manifest
from pipelines.cpu.recipe_picture import RecipePicture

MANIFEST = zoo_manifest("efficientnet_lite0")
SHORT_SIDE = Recipe(
    resize="short_side", resize_width_px=256, resize_height_px=256, crop_width_px=224, crop_height_px=192, mean=(0, 0, 0), std=(1, 1, 1)
)


def made(manifest: ModelManifest, *images: bytes) -> list[np.ndarray | None]:
    with RecipePicture(manifest) as picture:
        return [picture.of(image) for image in images]


def test_stretched(cat: bytes, coffee: bytes) -> None:
    for image, found in zip((cat, coffee), made(MANIFEST, cat, coffee), strict=True):
        decoded = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
        assert found is not None
        assert decoded is not None
        np.testing.assert_array_equal(found, cv2.resize(decoded, (224, 224)))


def test_cropped_after_the_short_side(cat: bytes) -> None:
    [found] = made(MANIFEST.model_copy(update={"recipe": SHORT_SIDE}), cat)
    decoded = cv2.imdecode(np.frombuffer(cat, np.uint8), cv2.IMREAD_COLOR)  # 451x300
    assert found is not None
    assert decoded is not None
    np.testing.assert_array_equal(found, cv2.resize(decoded, (384, 256))[32:224, 80:304])


@pytest.mark.parametrize("image", [b"", b"no picture"])
def test_what_cannot_be_decoded_is_none_and_the_next_is_made(image: bytes, cat: bytes) -> None:
    refused, half, whole = made(MANIFEST, image, cat[: len(cat) // 2], cat)
    assert refused is half is None
    assert whole is not None
    assert whole.shape == (224, 224, 3)


def test_it_is_what_the_artifact_sees(tmp_path: Path) -> None:
    """A stretched picture keeps the border that the artifact itself crops."""
    recipe = zoo_manifest("resnext101_32x4d").recipe
    file = tmp_path / "level.png"
    cv2.imwrite(str(file), np.full((40, 60, 3), 7, np.uint8))
    [found] = made(zoo_manifest("resnext101_32x4d"), file.read_bytes())
    assert found is not None
    assert found.shape == (*recipe.input_size_px[::-1], 3) == (256, 256, 3)
    assert set(found.flat) == {7}
