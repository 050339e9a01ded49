"""Compares the effect of an AIPP configuration with the effect of the configuration that the manifest renders."""

import math
from collections.abc import Iterator

from convert.aipp.config import AippConfig
from convert.aipp.recipe import AippSource, aipp_of
from convert.conversion_errors import AippInvalid
from models.manifest import ModelManifest

SOURCES: dict[str, AippSource] = {"RGB888_U8": "rgb888", "YUV420SP_U8": "yuv420sp"}
CHANNELS = range(3)
CSC_KEYS = (
    *(f"matrix_r{r}c{c}" for r in CHANNELS for c in CHANNELS),
    *(f"{way}_bias_{c}" for way in ("input", "output") for c in CHANNELS),
)

_REMEDY = "Render it from the manifest: ascend-classify convert aipp NAME -o aipp.config"


def check_aipp(config: AippConfig, manifest: ModelManifest) -> None:
    """Raise AippInvalid for the first field in which the configuration differs from the manifest's recipe, with both values.

    The configuration's own `input_format` selects the source to compare with. Numbers that are equal in float16 count as equal,
    because AIPP computes in float16; mean_chn and min_chn count together.
    """
    source = SOURCES.get(config.input_format)
    if source is None:
        raise AippInvalid(f"input_format is {config.input_format}; {manifest.name} takes {' or '.join(SOURCES)}.", _REMEDY)
    rendered = aipp_of(manifest, source)
    for (field, have), (_, want) in zip(_meaning(config, manifest), _meaning(rendered, manifest), strict=True):
        if not _same(have, want):
            raise AippInvalid(f"{field} is {_shown(have)}, but {manifest.name} needs {_shown(want)}.", _REMEDY)


def _meaning(config: AippConfig, manifest: ModelManifest) -> Iterator[tuple[str, bool | int | float]]:
    """The effect of the configuration, field by field, for every way to write it."""
    yield "related_input_rank", config.related_input_rank
    yield from _geometry(config, manifest.recipe.network_size_px)
    yield "csc_switch", config.csc_switch
    yield from ((key, getattr(config, key) if config.csc_switch else 0) for key in CSC_KEYS)
    yield "rbuv_swap_switch", config.rbuv_swap_switch
    yield "ax_swap_switch", config.ax_swap_switch
    for c in CHANNELS:
        mean, minimum = getattr(config, f"mean_chn_{c}"), getattr(config, f"min_chn_{c}")
        yield f"mean_chn_{c} + min_chn_{c}" if mean else f"min_chn_{c}", mean + minimum
    for c in CHANNELS:
        yield f"var_reci_chn_{c}", getattr(config, f"var_reci_chn_{c}")


def _geometry(config: AippConfig, network_size_px: tuple[int, int]) -> Iterator[tuple[str, bool | int]]:
    source = tuple(side or wanted for side, wanted in zip((config.src_image_size_w, config.src_image_size_h), network_size_px, strict=True))
    start, size = (0, 0), source
    if config.crop:
        start = (config.load_start_pos_w, config.load_start_pos_h)
        size = tuple(side or wanted for side, wanted in zip((config.crop_size_w, config.crop_size_h), network_size_px, strict=True))
    yield from zip(("src_image_size_w", "src_image_size_h"), source, strict=True)
    yield "crop", size != source  # a crop of the whole picture has no effect
    yield from zip(("load_start_pos_w", "load_start_pos_h"), start, strict=True)
    yield from zip(("crop_size_w", "crop_size_h"), size, strict=True)
    edges = (config.left_padding_size, config.right_padding_size, config.top_padding_size, config.bottom_padding_size)
    yield "padding", config.padding and any(edges)


def _same(have: float, want: float) -> bool:
    """Whether two numbers are equal within the rounding of float16: half of its last place, 2**-11 of the power of two."""
    if isinstance(have, float) or isinstance(want, float):
        return abs(have - want) <= 2.0 ** (math.frexp(max(abs(have), abs(want)))[1] - 12)
    return have == want


def _shown(value: float) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:.15g}"
