"""The hardware with an aipp.config and the CPU artifact with the same recipe give the same pixels."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from onnx import TensorProto, helper

from convert.aipp import AippConfig, aipp_of
from convert.networks.architectures import random_weights
from models.manifest import ModelManifest, Recipe
from models.store import zoo_manifest
from tests.convert.aipp.recipes import manifest_of
from tests.convert.aipp_reference import run_aipp
from tests.convert.cpu_model_made import cpu_model

Run = Callable[[bytes | Path, np.ndarray], np.ndarray]

RESNEXT, LITE = zoo_manifest("resnext101_32x4d"), zoo_manifest("efficientnet_lite0")
CAFFE = manifest_of(
    Recipe(
        resize_width_px=255,
        resize_height_px=300,
        crop_width_px=224,
        crop_height_px=199,
        colour_order="BGR",
        mean=(103.939, 116.779, 123.68),
        std=(1, 2, 3),
    )
)
MODELS = pytest.mark.parametrize("manifest", [RESNEXT, LITE, CAFFE], ids=["resnext101", "efficientnet_lite0", "bgr"])


def folded(recipe: Recipe) -> bytes:
    """A CPU artifact with that recipe, up to where the network begins."""
    manifest = LITE.model_copy(update={"recipe": recipe, "classes": 10})
    model = cpu_model(manifest, random_weights(manifest.architecture, 10, 0), (2,))
    width, height = recipe.network_size_px
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("recipe/normalised", TensorProto.FLOAT, [2, 3, height, width]))
    return bytes(model.SerializeToString())


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    decoded = cv2.imdecode(np.fromfile(Path(__file__).parents[2] / "photos/cat.png", np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded, np.uint8)


def pictures(manifest: ModelManifest, photo: np.ndarray) -> np.ndarray:
    """Noise and a photo, uint8 BGR [2, H, W, 3]."""
    width, height = manifest.recipe.input_size_px
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return np.stack([noise, cv2.resize(photo, (width, height), interpolation=cv2.INTER_LINEAR)])


@MODELS
def test_the_cpu_does_what_the_configuration_says(run: Run, photo: np.ndarray, manifest: ModelManifest) -> None:
    """In float64 the two differ by what float32 rounds, 2**-24 of the largest intermediate, some 255, times the factor."""
    batch, recipe = pictures(manifest, photo), manifest.recipe
    config = aipp_of(manifest, "rgb888")
    expected = np.stack([run_aipp(config, picture, recipe.network_size_px, np.float64) for picture in batch])
    np.testing.assert_allclose(run(folded(recipe), batch), expected, rtol=0, atol=255 / min(recipe.std) * 2**-23)


def half_place(values: np.ndarray) -> np.ndarray:
    """Half of the last place of float16: how far rounding moves a number at most."""
    return np.asarray(np.spacing(np.abs(values).astype(np.float16)).astype(np.float64) / 2)


def float16_bound(config: AippConfig, exact: np.ndarray) -> float:
    """The most that parameters and results in float16 can add up to, for pixels normalised to `exact` [N, 3, H, W]."""
    minimum = np.array([config.min_chn_0, config.min_chn_1, config.min_chn_2]).reshape(3, 1, 1)
    factor = np.array([config.var_reci_chn_0, config.var_reci_chn_1, config.var_reci_chn_2]).reshape(3, 1, 1)
    by_minimum, by_factor = half_place(minimum) * factor, np.abs(exact / factor) * half_place(factor)
    result = np.abs(exact) + by_minimum + by_factor
    return float((by_minimum + by_factor + half_place(result)).max())


@MODELS
def test_the_hardware_differs_by_what_float16_rounds(run: Run, photo: np.ndarray, manifest: ModelManifest) -> None:
    batch, recipe = pictures(manifest, photo), manifest.recipe
    config = aipp_of(manifest, "rgb888")
    ours = run(folded(recipe), batch)
    hardware = np.stack([run_aipp(config, picture, recipe.network_size_px) for picture in batch]).astype(np.float64)
    assert np.abs(hardware - ours).max() <= float16_bound(config, ours.astype(np.float64))


def test_for_resnext_that_is_less_than_two_thousandths(run: Run, photo: np.ndarray) -> None:
    batch = pictures(RESNEXT, photo)
    config = aipp_of(RESNEXT, "rgb888")
    hardware = np.stack([run_aipp(config, picture, (224, 224)) for picture in batch]).astype(np.float64)
    assert np.abs(hardware - run(folded(RESNEXT.recipe), batch)).max() < 0.002


def test_a_forgotten_swap_is_seen(run: Run, photo: np.ndarray) -> None:
    batch = pictures(RESNEXT, photo)
    config = aipp_of(RESNEXT, "rgb888").model_copy(update={"rbuv_swap_switch": False})
    assert np.abs(run_aipp(config, batch[1], (224, 224)) - run(folded(RESNEXT.recipe), batch)[1]).max() > 1


def nv12(bgr: np.ndarray) -> np.ndarray:
    """Uint8 BGR [H, W, 3] as DVPP decodes a JPEG: full range (JFIF 1.02), a U and a V for four pixels, [H * 3 / 2, W]."""
    blue, green, red = np.moveaxis(bgr.astype(np.float64), 2, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    height, width = luma.shape
    chroma = np.stack([(blue - luma) / 1.772, (red - luma) / 1.402], axis=2) + 128
    chroma = chroma.reshape(height // 2, 2, width // 2, 2, 2).mean(axis=(1, 3)).reshape(height // 2, width)
    return np.vstack([luma, chroma]).round().clip(0, 255).astype(np.uint8)


def plain(colour_order: str) -> ModelManifest:
    """A recipe that leaves the pixels as they are."""
    recipe = {"resize_width_px": 256, "resize_height_px": 192, "colour_order": colour_order, "mean": (0, 0, 0), "std": (1, 1, 1)}
    return manifest_of(Recipe.model_validate(recipe))


@pytest.mark.parametrize("colour_order", ["RGB", "BGR"])
def test_nv12_comes_back_as_the_photo(photo: np.ndarray, colour_order: str) -> None:
    # Blurred, so that the chroma which four pixels share is nearly each one's own.
    bgr = cv2.GaussianBlur(cv2.resize(photo, (256, 192)), (0, 0), 4)
    back = run_aipp(aipp_of(plain(colour_order), "yuv420sp"), nv12(bgr), (256, 192), np.float64)
    expected = bgr[..., ::-1] if colour_order == "RGB" else bgr
    difference = np.abs(back - expected.transpose(2, 0, 1))
    assert difference.max() <= 6
    assert difference.mean() < 1


def test_nv12_of_single_colours_comes_back() -> None:
    config = aipp_of(plain("RGB"), "yuv420sp")
    for colour in [(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 255), (0, 0, 0), (20, 90, 200)]:
        back = run_aipp(config, nv12(np.full((192, 256, 3), colour, np.uint8)), (256, 192), np.float64)
        assert np.abs(back[:, 0, 0] - colour[::-1]).max() <= 3


def test_both_sources_bring_the_same_to_the_network(photo: np.ndarray) -> None:
    """With crop and normalisation, a photo without sharp colours: within 6 grey levels."""
    bgr = cv2.GaussianBlur(cv2.resize(photo, (256, 256)), (0, 0), 4)
    by_rgb = run_aipp(aipp_of(RESNEXT, "rgb888"), bgr, (224, 224), np.float64)
    by_yuv = run_aipp(aipp_of(RESNEXT, "yuv420sp"), nv12(bgr), (224, 224), np.float64)
    assert np.abs(by_rgb - by_yuv).max() <= 6 / min(RESNEXT.recipe.std)
