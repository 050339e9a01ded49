"""The keys of a static `aipp_op`, with their ranges, defaults and dependencies."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Switch = bool
Start = Annotated[int, Field(ge=0, le=4095)]
Side = Annotated[int, Field(ge=0, le=4096)]
Padding = Annotated[int, Field(ge=0, le=32)]
Byte = Annotated[int, Field(ge=0, le=255)]
Coefficient = Annotated[int, Field(ge=-32768, le=32767)]
Offset = Annotated[float, Field(ge=0, le=255)]
Factor = Annotated[float, Field(ge=-65504, le=65504)]  # the range of float16

MIN_SRC_WIDTH = 2
MAX_PADDED_WIDTH = 1080


class AippConfig(BaseModel):
    """The preprocessing of one input, with the vendor's names, after the AIPP chapter of CANN's "ATC Tool Instructions".

    Order: crop; colours, by `csc_switch` (`(M * (pixel - input_bias) >> 8) + output_bias`) or `rbuv_swap_switch`;
    `(pixel - mean_chn - min_chn) * var_reci_chn` in the new channel order; padding. Sizes are in px. A source or crop size
    of 0 means the network's size.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    aipp_mode: Literal["static"] = "static"
    related_input_rank: Annotated[int, Field(ge=0)] = 0
    input_format: Literal["YUV420SP_U8", "XRGB8888_U8", "RGB888_U8", "YUV400_U8"]
    src_image_size_w: Side = 0
    src_image_size_h: Side = 0

    crop: Switch = False
    load_start_pos_w: Start = 0
    load_start_pos_h: Start = 0
    crop_size_w: Side = 0
    crop_size_h: Side = 0

    csc_switch: Switch = False
    matrix_r0c0: Coefficient = 0
    matrix_r0c1: Coefficient = 0
    matrix_r0c2: Coefficient = 0
    matrix_r1c0: Coefficient = 0
    matrix_r1c1: Coefficient = 0
    matrix_r1c2: Coefficient = 0
    matrix_r2c0: Coefficient = 0
    matrix_r2c1: Coefficient = 0
    matrix_r2c2: Coefficient = 0
    input_bias_0: Byte = 0
    input_bias_1: Byte = 0
    input_bias_2: Byte = 0
    output_bias_0: Byte = 0
    output_bias_1: Byte = 0
    output_bias_2: Byte = 0

    rbuv_swap_switch: Switch = False
    ax_swap_switch: Switch = False

    mean_chn_0: Byte = 0
    mean_chn_1: Byte = 0
    mean_chn_2: Byte = 0
    mean_chn_3: Byte = 0
    min_chn_0: Offset = 0.0
    min_chn_1: Offset = 0.0
    min_chn_2: Offset = 0.0
    min_chn_3: Offset = 0.0
    var_reci_chn_0: Factor = 1.0
    var_reci_chn_1: Factor = 1.0
    var_reci_chn_2: Factor = 1.0
    var_reci_chn_3: Factor = 1.0

    padding: Switch = False
    left_padding_size: Padding = 0
    right_padding_size: Padding = 0
    top_padding_size: Padding = 0
    bottom_padding_size: Padding = 0
    padding_value: Annotated[float, Field(ge=-65504, le=65504)] = 0.0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.src_image_size_w and self.src_image_size_w < MIN_SRC_WIDTH:
            raise ValueError(f"src_image_size_w must be 0 or at least {MIN_SRC_WIDTH}")
        if (self.crop or self.padding) and not (self.src_image_size_w and self.src_image_size_h):
            raise ValueError("src_image_size_w and src_image_size_h must be given if crop or padding is on")
        if self.input_format == "YUV420SP_U8":
            self._check_even()
        for side in ("w", "h") if self.crop else ():
            start, length, source = (getattr(self, f"{key}_{side}") for key in ("load_start_pos", "crop_size", "src_image_size"))
            if start + length > source:
                raise ValueError(f"load_start_pos_{side} {start} + crop_size_{side} {length} reach beyond src_image_size_{side} {source}")
        if self.padding and self._padded_width > MAX_PADDED_WIDTH:
            raise ValueError(f"the padded picture is {self._padded_width} px wide, more than {MAX_PADDED_WIDTH}")
        return self

    def _check_even(self) -> None:
        """Check that positions and sizes are even: one U and one V belong to four pixels, so no picture can begin or end between them."""
        keys = ["src_image_size_w", "src_image_size_h"]
        if self.crop:
            keys += ["load_start_pos_w", "load_start_pos_h", "crop_size_w", "crop_size_h"]
        for key in keys:
            if getattr(self, key) % 2:
                raise ValueError(f"{key} must be even for YUV420SP_U8, but is {getattr(self, key)}")

    @property
    def _padded_width(self) -> int:
        width = self.crop_size_w if self.crop and self.crop_size_w else self.src_image_size_w
        return self.left_padding_size + width + self.right_padding_size
