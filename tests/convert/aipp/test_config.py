import pytest
from pydantic import ValidationError

from convert.aipp import AippConfig


def config(**keys: object) -> AippConfig:
    return AippConfig.model_validate({"input_format": "RGB888_U8"} | keys)


def test_the_defaults_are_the_vendors() -> None:
    assert (config().aipp_mode, config().related_input_rank, config().var_reci_chn_0, config().rbuv_swap_switch) == ("static", 0, 1, False)


def test_the_largest_that_may_be() -> None:
    config(src_image_size_w=4096, src_image_size_h=4096, crop=True, load_start_pos_w=4095, crop_size_w=1, crop_size_h=4096)
    config(padding=True, src_image_size_w=1016, src_image_size_h=1, left_padding_size=32, right_padding_size=32)


def test_odd_places_are_nothing_where_nothing_is_cropped() -> None:
    config(input_format="YUV420SP_U8", load_start_pos_w=1)


@pytest.mark.parametrize(
    "keys",
    [
        {"src_image_size_w": 1},
        {"crop": True},
        {"padding": True, "src_image_size_w": 8},
        {"crop": True, "src_image_size_w": 8, "src_image_size_h": 8, "load_start_pos_w": 1, "crop_size_w": 8},
        {"padding": True, "src_image_size_w": 1080, "src_image_size_h": 8, "left_padding_size": 1},
        {"input_format": "YUV420SP_U8", "src_image_size_h": 3},
        {"load_start_pos_w": 4096},
        {"left_padding_size": 33},
        {"matrix_r0c0": 32768},
        {"input_bias_0": 256},
        {"mean_chn_0": 0.5},
        {"var_reci_chn_0": -65505},
        {"var_reci_chn_0": float("nan")},
    ],
)
def test_what_cannot_be(keys: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        config(**keys)
