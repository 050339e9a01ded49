"""Decodes one HEIC or AVIF: a program of its own, whose memory and time the kernel bounds, so that a file can harm nothing else.

python heif_child.py MAX_BYTES MAX_S < picture > width, height (4 bytes each, little-endian) and BGR pixels
"""

import io
import os
import resource
import sys


def main(max_bytes: int, max_s: int) -> None:
    """Read the picture, turn it upright, write its pixels; an error of the decoder is a line on standard error."""
    os.nice(5)  # as in pipelines/cpu/low_priority.py: every such picture takes long
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (max_s, max_s))
    resource.setrlimit(resource.RLIMIT_AS, (max_bytes, max_bytes))
    import pillow_heif
    from PIL import Image, ImageOps

    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None  # the size was checked before
    with Image.open(io.BytesIO(sys.stdin.buffer.read())) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    pixels = upright.tobytes("raw", "BGR")
    sys.stdout.buffer.write(b"".join(side.to_bytes(4, "little") for side in upright.size))
    sys.stdout.buffer.write(pixels)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]))
    except Exception as error:  # the parent says it
        sys.exit(f"{type(error).__name__}: {error}")
