"""What a JPEG costs an engine that reduces it while it decodes."""

from dataclasses import replace

from pipelines.reduction import denominator
from server.images.decode_cost import BGR_BYTES, PEAK_BYTES
from server.images.upright import upright_px
from server.types import EncodedImage, ImageFormat


def priced_reduced(image: EncodedImage, resized_px: tuple[int, int]) -> EncodedImage:
    """The image, its estimated costs with those of a reduced decode before a resize to this size.

    Never too low: engines round the size in float32, so one more pixel must fit. The transform and the colours take less than their
    share of the sides (at an eighth a sixteenth of the time, here an eighth); reading the code takes as long as ever.
    """
    if image.format is not ImageFormat.JPEG:
        return image
    width_px, height_px = resized_px
    by = denominator(upright_px(image), (width_px + 1, height_px + 1))
    if by == 1:
        return image
    pixels = -(-image.width_px // by) * -(-image.height_px // by)
    decode_s = image.coding_s + (image.decode_s - image.coding_s) / by
    return replace(image, decode_s=decode_s, decoded_bytes=max(BGR_BYTES * pixels + image.coding_bytes, PEAK_BYTES * pixels))
