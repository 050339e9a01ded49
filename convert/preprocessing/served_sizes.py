"""The sizes of pictures that can be served: those that the vendor's mxpi_imageresize makes."""

from convert.conversion_errors import ConvertError
from convert.preprocessing.said_recipe import SizePx

MIN_SIDE_PX, MAX_SIDE_PX = 32, 4096
_LIMITS = f"only pictures from {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels a side can be served (the limits of the vendor's mxpi_imageresize)"


def check_network_size(size_px: SizePx) -> None:
    """Raise ConvertError for a network of pictures that no engine can make, with the layer that makes it one of others."""
    width, height = size_px
    nearest = (min(max(width, MIN_SIDE_PX), MAX_SIDE_PX), min(max(height, MIN_SIDE_PX), MAX_SIDE_PX))
    if nearest != size_px:
        raise ConvertError(
            f"The network takes pictures of {width}x{height} pixels, and {_LIMITS}.",
            f"Export it for pictures of {nearest[0]}x{nearest[1]} (width x height), with a resize as its first layer, in PyTorch: "
            f"torch.nn.Sequential(torch.nn.Upsample(size=({height}, {width}), mode='bilinear'), model)",
        )


def check_resize_size(size_px: SizePx, instead: str) -> None:
    """Raise ConvertError for a resize that no engine can do; `instead` is one that they can."""
    width, height = size_px
    if not all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in size_px):
        raise ConvertError(
            f"The recipe resizes to {width}x{height} pixels, and {_LIMITS}.",
            f"Say a resize between them, for example: {instead}",
        )
