import io
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.training.transforms import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Augmentation,
    decode,
    evaluation_pixels,
    normalise,
    random_crop,
    training_pixels,
    vary_colours,
)

PHOTOS = sorted((Path(__file__).parents[2] / "photos").glob("*.png"))


def saved(photo: Path, form: str, orientation: int = 1) -> bytes:
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x112] = orientation
    Image.open(photo).convert("RGB").save(file, form, exif=exif)
    return file.getvalue()


def as_served(content: bytes) -> np.ndarray:
    """The steps of decoder, resize and folded crop: see pipelines/cpu and convert/fold."""
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return cv2.resize(pixels, (256, 256), interpolation=cv2.INTER_LINEAR)[16:240, 16:240, ::-1]


@pytest.mark.parametrize("photo", PHOTOS, ids=lambda path: path.stem)
@pytest.mark.parametrize(("form", "orientation"), [("PNG", 1), ("JPEG", 1), ("JPEG", 6), ("PNG", 3), ("WEBP", 1), ("BMP", 1)])
def test_evaluation_sees_what_is_served(photo: Path, form: str, orientation: int) -> None:
    content = saved(photo, form, orientation)
    pixels = decode(content)
    assert pixels is not None
    seen = evaluation_pixels(pixels, (256, 256), (224, 224))
    assert (seen.shape, seen.dtype) == ((224, 224, 3), np.dtype(np.uint8))
    assert np.array_equal(seen, as_served(content))


@pytest.mark.skipif(not find_spec("mindspore"), reason="MindSpore has an environment of its own")
@pytest.mark.parametrize("photo", PHOTOS, ids=lambda path: path.stem)
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_mindspores_own_operators_give_the_same_pixels(photo: Path, form: str) -> None:
    from mindspore.dataset import vision

    content = saved(photo, form)
    stretched = vision.Resize((256, 256), vision.Inter.LINEAR)(vision.Decode()(np.frombuffer(content, np.uint8)))
    pixels = decode(content)
    assert pixels is not None
    assert np.array_equal(evaluation_pixels(pixels, (256, 256), (224, 224)), vision.CenterCrop(224)(stretched))


def test_what_is_no_image() -> None:
    whole = saved(PHOTOS[0], "JPEG")
    assert [decode(content) for content in (b"", b"GIF89a", whole[: len(whole) // 2])] == [None, None, None]


def test_more_pixels_than_can_be() -> None:
    png = bytearray(saved(PHOTOS[0], "PNG"))
    png[16:24] = b"\x7f\xff\xff\xff" * 2
    assert decode(bytes(png)) is None


@given(st.integers(1, 500), st.integers(1, 500), st.integers(0, 1000))
def test_a_random_crop_lies_within(height: int, width: int, seed: int) -> None:
    augmentation = Augmentation()
    top, left, crop_height, crop_width = random_crop((height, width), augmentation, np.random.default_rng(seed))
    assert 0 <= top <= top + crop_height <= height
    assert 0 <= left <= left + crop_width <= width
    assert min(crop_height, crop_width) >= 1
    if min(height, width) >= 50:
        assert 0.7 < crop_width / crop_height < 1.43
        assert crop_height * crop_width / (height * width) > 0.07 or crop_height == height or crop_width == width


def test_random_crops_take_the_scales_evenly() -> None:
    random = np.random.default_rng(1)
    shares = [np.prod(random_crop((400, 400), Augmentation((0.2, 0.8), (1, 1)), random)[2:]) / 400**2 for _ in range(2000)]
    assert np.histogram(shares, 4, (0.2, 0.8))[0] == pytest.approx([500] * 4, rel=0.2)


def test_without_variation_a_picture_is_only_resized() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (40, 60, 3), np.uint8)
    still = Augmentation((1, 1), (1.5, 1.5), flip_prob=0, color_jitter=0)
    seen = training_pixels(pixels, (20, 30), still, np.random.default_rng(0))
    assert np.array_equal(seen, cv2.resize(pixels, (30, 20), interpolation=cv2.INTER_LINEAR))
    flipped = training_pixels(pixels, (20, 30), Augmentation((1, 1), (1.5, 1.5), flip_prob=1, color_jitter=0), np.random.default_rng(0))
    assert np.array_equal(flipped, seen[:, ::-1])


@given(st.integers(0, 1000), st.floats(0.6, 1.4), st.floats(0.6, 1.4), st.floats(0.6, 1.4))
def test_colours_vary_as_pillows_do(seed: int, brightness: float, contrast: float, saturation: float) -> None:
    from PIL import ImageEnhance

    pixels = np.random.default_rng(seed).integers(0, 256, (8, 9, 3), np.uint8)
    wanted = Image.fromarray(pixels)
    for enhancer, factor in ((ImageEnhance.Brightness, brightness), (ImageEnhance.Contrast, contrast), (ImageEnhance.Color, saturation)):
        wanted = enhancer(wanted).enhance(factor)  # which cuts where OpenCV rounds
    assert np.abs(vary_colours(pixels, brightness, contrast, saturation).astype(int) - np.asarray(wanted)).max() <= 5


def test_normalised_as_the_served_model_does() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (5, 7, 3), np.uint8)
    seen = normalise(pixels)
    assert (seen.dtype, seen.shape, seen.flags["C_CONTIGUOUS"]) == (np.dtype(np.float32), (3, 5, 7), True)
    assert seen[1, 2, 3] == (np.float32(pixels[2, 3, 1]) - np.float32(IMAGENET_MEAN[1])) / np.float32(IMAGENET_STD[1])
