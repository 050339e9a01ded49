import pytest
from hypothesis import given

from convert.aipp import AippSource, aipp_of, check_aipp, parse_aipp, render_aipp
from convert.conversion_errors import AippInvalid
from models.manifest import Recipe
from models.store import zoo_manifest
from tests.convert.aipp.recipes import manifest_of, recipes

RESNEXT = zoo_manifest("resnext101_32x4d")
LITE = zoo_manifest("efficientnet_lite0")
TEXTS = {source: render_aipp(aipp_of(RESNEXT, source)) for source in ("rgb888", "yuv420sp")}


def changed(*changes: tuple[str, str], source: str = "rgb888") -> str:
    text = TEXTS[source]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("source", ["rgb888", "yuv420sp"])
def test_what_is_rendered_agrees(source: AippSource) -> None:
    check_aipp(parse_aipp(TEXTS[source]), RESNEXT)


@given(recipes())
def test_what_is_rendered_of_any_recipe_agrees(recipe: Recipe) -> None:
    check_aipp(aipp_of(manifest_of(recipe), "rgb888"), manifest_of(recipe))


@pytest.mark.parametrize(
    "text",
    [
        changed(("mean_chn_0 : 0", "mean_chn_0 : 123"), ("min_chn_0 : 123.675", "min_chn_0 : 0.675")),
        changed(("var_reci_chn_0 : 0.0171247538316637", "var_reci_chn_0 : 0.017124")),
        changed(("min_chn_2 : 103.53", "min_chn_2 : 103.5")),
        changed(("crop_size_w : 224", ""), ("crop_size_h : 224", "crop_size_h : 0")),
        changed(("related_input_rank : 0", ""), ("csc_switch : false", "matrix_r0c0 : 9 padding : true")),
    ],
    ids=["mean and min add up", "digits", "float16", "the network's size", "defaults"],
)
def test_other_ways_to_write_the_same(text: str) -> None:
    check_aipp(parse_aipp(text), RESNEXT)


def test_the_source_may_be_left_out_where_nothing_is_cropped() -> None:
    text = render_aipp(aipp_of(LITE, "rgb888"))
    check_aipp(parse_aipp(text.replace("src_image_size_w : 224", "").replace("src_image_size_h : 224", "src_image_size_h : 0")), LITE)


def test_a_crop_of_everything_is_none() -> None:
    text = render_aipp(aipp_of(LITE, "rgb888"))
    check_aipp(parse_aipp(text.replace("crop : false", "crop : true crop_size_w : 224")), LITE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed(("related_input_rank : 0", "related_input_rank : 1")), "related_input_rank is 1, but resnext101_32x4d needs 0"),
        (changed(("src_image_size_w : 256", "src_image_size_w : 304")), "src_image_size_w is 304, but resnext101_32x4d needs 256"),
        (changed(("crop : true", "crop : false")), "crop is false, but resnext101_32x4d needs true"),
        (changed(("load_start_pos_h : 16", "load_start_pos_h : 15")), "load_start_pos_h is 15, but resnext101_32x4d needs 16"),
        (changed(("crop_size_w : 224", "crop_size_w : 222")), "crop_size_w is 222, but resnext101_32x4d needs 224"),
        (changed(("rbuv_swap_switch : true", "")), "rbuv_swap_switch is false, but resnext101_32x4d needs true"),
        (changed(("min_chn_0 : 123.675", "min_chn_0 : 103.53")), "min_chn_0 is 103.53, but resnext101_32x4d needs 123.675"),
        (changed(("mean_chn_1 : 0", "mean_chn_1 : 1")), "mean_chn_1 . min_chn_1 is 117.28, but resnext101_32x4d needs 116.28"),
        (changed(("var_reci_chn_2 : 0.0174291938997821", "")), "var_reci_chn_2 is 1, but resnext101_32x4d needs 0.0174291938997821"),
        (changed(("rbuv_swap_switch", "padding : true top_padding_size : 2 rbuv_swap_switch")), "padding is true"),
        (changed(("RGB888_U8", "YUV420SP_U8")), "csc_switch is false, but resnext101_32x4d needs true"),
        (changed(("RGB888_U8", "XRGB8888_U8")), "input_format is XRGB8888_U8; resnext101_32x4d takes RGB888_U8 or YUV420SP_U8"),
        (changed(("matrix_r0c2 : 359", "matrix_r0c2 : 409"), source="yuv420sp"), "matrix_r0c2 is 409, but resnext101_32x4d needs 359"),
        (changed(("rbuv_swap_switch : false", "rbuv_swap_switch : true"), source="yuv420sp"), "rbuv_swap_switch is true"),
    ],
)
def test_the_first_difference_is_named(text: str, message: str) -> None:
    with pytest.raises(AippInvalid, match=message):
        check_aipp(parse_aipp(text), RESNEXT)
