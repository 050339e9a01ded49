import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.aipp import AippSource, aipp_of
from convert.conversion_errors import AippInvalid
from models.manifest import ModelManifest, Recipe
from models.store import zoo_manifest
from tests.convert.aipp.recipes import manifest_of, recipes

RESNEXT = zoo_manifest("resnext101_32x4d")


def test_resnext_has_the_vendors_numbers_to_the_last_digit() -> None:
    config = aipp_of(RESNEXT, "rgb888")
    assert (config.min_chn_0, config.min_chn_1, config.min_chn_2) == (123.675, 116.28, 103.53)
    assert (config.var_reci_chn_0, config.var_reci_chn_1, config.var_reci_chn_2) == (
        0.0171247538316637,
        0.0175070028011204,
        0.0174291938997821,
    )
    assert (config.input_format, config.rbuv_swap_switch, config.csc_switch) == ("RGB888_U8", True, False)
    assert (config.src_image_size_w, config.src_image_size_h, config.crop) == (256, 256, True)
    assert (config.load_start_pos_w, config.load_start_pos_h, config.crop_size_w, config.crop_size_h) == (16, 16, 224, 224)


def test_a_recipe_without_crop_renders_none() -> None:
    config = aipp_of(zoo_manifest("efficientnet_lite0"), "rgb888")
    assert (config.crop, config.src_image_size_w, config.crop_size_w) == (False, 224, 0)


@pytest.mark.parametrize(("colour_order", "first_row"), [("RGB", (256, 0, 359)), ("BGR", (256, 454, 0))])
def test_nv12_is_converted_by_the_matrix_of_jpeg(colour_order: str, first_row: tuple[int, int, int]) -> None:
    config = aipp_of(manifest_of(RESNEXT.recipe.model_copy(update={"colour_order": colour_order})), "yuv420sp")
    assert (config.input_format, config.csc_switch, config.rbuv_swap_switch) == ("YUV420SP_U8", True, False)
    assert (config.matrix_r0c0, config.matrix_r0c1, config.matrix_r0c2) == first_row
    assert (config.matrix_r1c0, config.matrix_r1c1, config.matrix_r1c2) == (256, -88, -183)
    assert (config.input_bias_0, config.input_bias_1, config.input_bias_2) == (0, 128, 128)


def test_a_bgr_network_swaps_nothing() -> None:
    assert not aipp_of(manifest_of(RESNEXT.recipe.model_copy(update={"colour_order": "BGR"})), "rgb888").rbuv_swap_switch


def recipe(**changes: object) -> ModelManifest:
    return manifest_of(Recipe.model_validate(RESNEXT.recipe.model_dump() | changes))


@pytest.mark.parametrize(
    ("manifest", "source", "message"),
    [
        (recipe(mean=(-1.0, 0.0, 0.0)), "rgb888", "min_chn_0: Input should be greater than or equal to 0"),
        (recipe(mean=(0.0, 256.0, 0.0)), "rgb888", "min_chn_1: Input should be less than or equal to 255"),
        (recipe(std=(1.0, 1.0, 1e-6)), "rgb888", "var_reci_chn_2: Input should be less than or equal to 65504"),
        (recipe(std=(5e-324, 1.0, 1.0)), "rgb888", "var_reci_chn_0: Input should be"),
        (recipe(std=(20_000.0, 1.0, 1.0)), "rgb888", "std of 20000 is more than the 16384"),
        (recipe(resize_width_px=257), "yuv420sp", "src_image_size_w must be even for YUV420SP_U8, but is 257"),
        (recipe(resize_width_px=258), "yuv420sp", "load_start_pos_w must be even for YUV420SP_U8, but is 17"),
        (recipe(resize_height_px=257, crop_height_px=225), "yuv420sp", "src_image_size_h must be even"),
    ],
)
def test_what_aipp_cannot_do(manifest: ModelManifest, source: AippSource, message: str) -> None:
    with pytest.raises(AippInvalid, match=message):
        aipp_of(manifest, source)


@given(recipes())
def test_the_crop_is_in_the_middle(recipe: Recipe) -> None:
    config = aipp_of(manifest_of(recipe), "rgb888")
    assert (config.src_image_size_w, config.src_image_size_h) == recipe.input_size_px
    if config.crop:
        right = config.src_image_size_w - config.load_start_pos_w - config.crop_size_w
        bottom = config.src_image_size_h - config.load_start_pos_h - config.crop_size_h
        assert 0 <= right - config.load_start_pos_w <= 1
        assert 0 <= bottom - config.load_start_pos_h <= 1
    else:
        assert recipe.input_size_px == recipe.network_size_px


@given(recipes(), st.sampled_from(["rgb888", "yuv420sp"]))
def test_any_recipe_is_rendered_or_refused(recipe: Recipe, source: AippSource) -> None:
    (width, height), (network_width, network_height) = recipe.input_size_px, recipe.network_size_px
    even = not any(
        n % 2 for n in (width, height, network_width, network_height, (width - network_width) // 2, (height - network_height) // 2)
    )
    if source == "rgb888" or even:
        assert aipp_of(manifest_of(recipe), source).csc_switch == (source == "yuv420sp")
    else:
        with pytest.raises(AippInvalid, match="must be even"):
            aipp_of(manifest_of(recipe), source)
