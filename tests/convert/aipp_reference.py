"""AIPP in NumPy, after CANN's description of it: what the hardware computes, to hold the CPU artifact against."""

import numpy as np

from convert.aipp import AippConfig

Size = tuple[int, int]


def run_aipp(config: AippConfig, picture: np.ndarray, network_size_px: Size, dtype: type[np.floating] = np.float16) -> np.ndarray:
    """The input of the network, [3, H, W] of `dtype`, in which the parameters are held too.

    `picture`: uint8 [H, W, 3] for RGB888_U8; NV12 for YUV420SP_U8, uint8 [H * 3 / 2, W].
    """
    pixels = _upsampled(picture) if config.input_format == "YUV420SP_U8" else picture
    pixels = _cropped(config, pixels, network_size_px)
    if config.rbuv_swap_switch:
        order = [0, 2, 1] if config.input_format == "YUV420SP_U8" else [2, 1, 0]
        pixels = pixels[..., order]
    if config.csc_switch:
        pixels = _converted(config, pixels)
    mean = np.array([config.mean_chn_0, config.mean_chn_1, config.mean_chn_2], np.float64)
    minimum = np.array([config.min_chn_0, config.min_chn_1, config.min_chn_2], dtype).astype(np.float64)
    factor = np.array([config.var_reci_chn_0, config.var_reci_chn_1, config.var_reci_chn_2], dtype).astype(np.float64)
    seen: np.ndarray = ((pixels - mean - minimum) * factor).astype(dtype)
    return seen.transpose(2, 0, 1)


def _upsampled(nv12: np.ndarray) -> np.ndarray:
    """Y, U, V [H, W, 3]; each U and V serves its four pixels."""
    height, width = nv12.shape[0] * 2 // 3, nv12.shape[1]
    chroma = nv12[height:].reshape(height // 2, width // 2, 2)
    planes: np.ndarray = np.dstack([nv12[:height], chroma.repeat(2, axis=0).repeat(2, axis=1)])
    return planes


def _cropped(config: AippConfig, pixels: np.ndarray, network_size_px: Size) -> np.ndarray:
    source = (config.src_image_size_w or network_size_px[0], config.src_image_size_h or network_size_px[1])
    assert pixels.shape[1::-1] == source
    if not config.crop:
        return pixels
    x, y = config.load_start_pos_w, config.load_start_pos_h
    width, height = config.crop_size_w or network_size_px[0], config.crop_size_h or network_size_px[1]
    return pixels[y : y + height, x : x + width]


def _converted(config: AippConfig, pixels: np.ndarray) -> np.ndarray:
    matrix = np.array([[getattr(config, f"matrix_r{r}c{c}") for c in range(3)] for r in range(3)])
    before, after = (np.array([getattr(config, f"{way}_bias_{c}") for c in range(3)]) for way in ("input", "output"))
    levels: np.ndarray = (((pixels.astype(np.int32) - before) @ matrix.T) >> 8) + after
    return levels.clip(0, 255).astype(np.uint8)
