"""PNGs that are odd but valid: every colour type, depth and interlace; filters, compressors, palettes and chunks of all kinds."""

import struct
import zlib
from itertools import product

import numpy as np
from PIL import Image

from server.images.exif import write_orientation
from tests.factories.png_coder import (
    COLOURS,
    COLOURS_ALPHA,
    GREY,
    GREY_ALPHA,
    PALETTE,
    Values,
    header,
    png_file,
    png_picture,
    rows_of,
)
from tests.factories.small_scene import OBLONG, SCENE, written
from tests.soak.image_seeds import png_chunk

DEPTHS = {GREY: (1, 2, 4, 8, 16), COLOURS: (8, 16), PALETTE: (1, 2, 4, 8), GREY_ALPHA: (8, 16), COLOURS_ALPHA: (8, 16)}
NAMES = {GREY: "grey", COLOURS: "colours", PALETTE: "palette", GREY_ALPHA: "grey and alpha", COLOURS_ALPHA: "colours and alpha"}
SIZES = ((1, 1), (1, 9), (9, 1), (2, 2), (3, 5), (4, 4), (5, 3), (7, 7), (8, 8), (9, 8))

_HEIGHT, _WIDTH = SCENE.shape[:2]
_LUMA = np.asarray(Image.fromarray(SCENE).convert("L"))[..., None].astype(np.uint16)
_RGB: Values = SCENE.astype(np.uint16)
_ALPHA: Values = (np.indices((_HEIGHT, _WIDTH)).sum(axis=0) * 4)[..., None].astype(np.uint16)


def palette(colours: int) -> bytes:
    """PLTE of so many colours."""
    return png_chunk(b"PLTE", bytes(number * 37 % 251 for number in range(3 * colours)))


def values_of(colour_type: int, depth: int) -> Values:
    """The scene; as indices, if it is a palette's."""
    if colour_type == PALETTE:
        return np.asarray(_LUMA.astype(int) * ((1 << depth) - 1) // 255, np.uint16)
    planes = [_LUMA if colour_type in {GREY, GREY_ALPHA} else _RGB, *([_ALPHA] if colour_type in {GREY_ALPHA, COLOURS_ALPHA} else [])]
    eight = np.concatenate(planes, axis=-1)
    return np.asarray(eight * 257 if depth == 16 else eight >> (8 - depth), np.uint16)


def transparent(colour_type: int, depth: int) -> bytes:
    """tRNS."""
    of_colours = [int(value) for value in values_of(colour_type, depth)[3, 3]]
    content = bytes(range(0, 250, 50))[: 1 << depth] if colour_type == PALETTE else struct.pack(f">{len(of_colours)}H", *of_colours)
    return png_chunk(b"tRNS", content)


def kinds(depths: set[int]) -> dict[str, bytes]:
    """Every colour type of these depths, plain and interlaced, with and without a transparent colour."""
    found = {}
    for colour_type, interlaced in product(NAMES, (False, True)):
        for depth in sorted(depths & set(DEPTHS[colour_type])):
            name = f"{NAMES[colour_type]}, {depth} bits{', interlaced' * interlaced}"
            chunks = [palette(1 << depth)] if colour_type == PALETTE else []
            values, filters = values_of(colour_type, depth), (0, 1, 2, 3, 4)
            found[name] = png_picture(values, colour_type, depth, *chunks, filters=filters, interlaced=interlaced)
            if colour_type in {GREY, COLOURS, PALETTE}:
                chunks.append(transparent(colour_type, depth))
                found[f"{name}, transparent"] = png_picture(values, colour_type, depth, *chunks, filters=filters, interlaced=interlaced)
    return found


_HEAD = header(_RGB, COLOURS, 8)
_ROWS = rows_of(_RGB, 8, (1,))
_CODED = zlib.compress(_ROWS)


def compressed(rows: bytes = _ROWS, level: int = 6, window: int = 15, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    """The rows, as another compressor writes them."""
    one = zlib.compressobj(level, zlib.DEFLATED, window, 8, strategy)
    return one.compress(rows) + one.flush()


def flushed(kind: int) -> bytes:
    """The rows, each with a flush behind it."""
    one = zlib.compressobj()
    pieces = [one.compress(_ROWS[at : at + 1 + 3 * _WIDTH]) + one.flush(kind) for at in range(0, len(_ROWS), 1 + 3 * _WIDTH)]
    return b"".join([*pieces, one.flush()])


def with_window(bits: int, coded: bytes = _CODED) -> bytes:
    """The rows with another window in their first byte: readers that hold a compressor to it see another picture, or none."""
    first = (bits - 8) << 4 | 8
    return bytes([first, 31 - first * 256 % 31]) + coded[2:]


_FLAT = rows_of(np.zeros_like(_RGB[..., :1]), 1)
_AGAIN = np.concatenate([_RGB, 255 - _RGB] * 2)  # its second half is coded as a copy of what stands 5,452 bytes before
_PACKED = {
    **{f"level {level}": png_file(_HEAD, compressed(level=level)) for level in (0, 1, 9)},
    **{f"a window of {1 << bits} bytes": png_file(_HEAD, compressed(window=bits)) for bits in range(9, 15)},
    "Huffman only": png_file(_HEAD, compressed(strategy=zlib.Z_HUFFMAN_ONLY)),
    "fixed codes": png_file(_HEAD, compressed(strategy=zlib.Z_FIXED)),
    "synchronized rows": png_file(_HEAD, flushed(zlib.Z_SYNC_FLUSH)),
    "independent rows": png_file(_HEAD, flushed(zlib.Z_FULL_FLUSH)),
    "chunks of a byte": png_file(header(_RGB[..., :1], GREY, 1), zlib.compress(_FLAT), piece=1),
    "chunks of seven bytes": png_file(_HEAD, _CODED, piece=7),
    "empty pixel chunks": png_file(_HEAD, _CODED, png_chunk(b"IDAT", b"") * 3, behind=png_chunk(b"IDAT", b"") * 2),
    "the first byte of the pixels apart": png_file(_HEAD, _CODED[1:], png_chunk(b"IDAT", _CODED[:1])),
    **{
        f"a window told too small, {1 << bits} bytes": png_file(
            header(_AGAIN, COLOURS, 8), with_window(bits, zlib.compress(rows_of(_AGAIN, 8)))
        )
        for bits in (8, 9, 12)
    },
    **{f"filter {kind}": png_picture(_RGB, COLOURS, 8, filters=(kind,)) for kind in range(5)},
    **{f"filter {kind}, 2 bits": png_picture(values_of(GREY, 2), GREY, 2, filters=(kind,)) for kind in range(1, 5)},
    **{f"{width}x{height}, interlaced": png_picture(_RGB[:height, :width], COLOURS, 8, interlaced=True) for width, height in SIZES},
    **{f"{width}x{height}, 1 bit": png_picture(values_of(GREY, 1)[:height, :width], GREY, 1) for width, height in SIZES},
}


def indexed(colours: int, depth: int, most: int) -> bytes:
    """A picture of indices up to `most` - 1 with a palette of so many colours."""
    values: Values = np.asarray(_LUMA.astype(int) * most // 256, np.uint16)
    return png_picture(values, PALETTE, depth, palette(colours))


_PALETTES = {
    **{f"a palette of {colours}": indexed(colours, 8, colours) for colours in (1, 2, 3, 17, 255)},
    "a palette of three, 2 bits": indexed(3, 2, 3),
    "a palette that no pixel uses whole": indexed(256, 8, 5),
    "an index behind the palette": indexed(4, 8, 40),
    "a palette beside colours": png_picture(_RGB, COLOURS, 8, palette(20)),
    "a palette beside colours and alpha": png_picture(values_of(COLOURS_ALPHA, 8), COLOURS_ALPHA, 8, palette(256)),
}
_BEFORE = {
    "gamma": png_chunk(b"gAMA", struct.pack(">I", 100_000)),
    "a gamma of zero": png_chunk(b"gAMA", bytes(4)),
    "chromaticities": png_chunk(b"cHRM", struct.pack(">8I", *([31_270] * 8))),
    "significant bits": png_chunk(b"sBIT", b"\5\6\5"),
    "a background": png_chunk(b"bKGD", struct.pack(">3H", 255, 0, 255)),
    "a density": png_chunk(b"pHYs", struct.pack(">IIB", 2835, 1000, 1)),
    "a time": png_chunk(b"tIME", bytes(7)),
    "a suggested palette": png_chunk(b"sPLT", b"name\0\x08" + bytes(range(6))),
    "a histogram without a palette": png_chunk(b"hIST", bytes(4)),
    "a profile": png_chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(bytes(3000))),
    "a profile that inflates to much": png_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(900_000))),
    "a compressed text": png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"cat" * 1000)),
    "a text in Chinese": png_chunk(b"iTXt", "Title\0\0\0zh\0标题\0猫".encode()),
    "a text without a keyword": png_chunk(b"tEXt", b"\0cat"),
    "two of a kind": png_chunk(b"gAMA", struct.pack(">I", 45_455)) * 2,
    "an animation of one frame": png_chunk(b"acTL", struct.pack(">II", 1, 0)),
    "an offset": png_chunk(b"oFFs", struct.pack(">iiB", 3, -3, 0)),
    "Apple's chunk": png_chunk(b"iDOT", bytes(28)),
    "Adobe's fireworks": png_chunk(b"prVW", bytes(2000)) + png_chunk(b"mkBF", bytes(72)),
    "a light level and a mastering display": png_chunk(b"cLLI", bytes(8)) + png_chunk(b"mDCV", bytes(24)),
}
_FRAME = struct.pack(">5IHHBB", 0, _WIDTH, _HEIGHT, 0, 0, 1, 10, 0, 0)
_OTHER = zlib.compress(rows_of(255 - _RGB, 8))
_ANIMATION = png_chunk(b"acTL", struct.pack(">II", 2, 0)), png_chunk(b"fcTL", _FRAME)
_NEXT = png_chunk(b"fcTL", b"\0\0\0\1" + _FRAME[4:]) + png_chunk(b"fdAT", b"\0\0\0\2" + _OTHER)
_CHUNKS = {
    **{name: png_file(_HEAD, _CODED, chunk) for name, chunk in _BEFORE.items()},
    "all of them": png_file(_HEAD, _CODED, *_BEFORE.values()),
    "animated, the still picture first": png_file(_HEAD, _CODED, *_ANIMATION, behind=_NEXT),
    "animated, without the still picture": png_file(
        _HEAD, _CODED, _ANIMATION[0], behind=_ANIMATION[1] + png_chunk(b"fdAT", b"\0\0\0\1" + _OTHER)
    ),
    "a text behind the pixels": png_file(_HEAD, _CODED, behind=png_chunk(b"tEXt", b"Software\0scanner")),
    "EXIF behind the pixels": png_file(_HEAD, _CODED, behind=png_chunk(b"eXIf", write_orientation(6))),
    "an orientation in a text": png_file(_HEAD, _CODED, png_chunk(b"tEXt", b"Orientation\x006")),
    **{
        f"orientation {value}, {kind}": written(OBLONG, "PNG", mode, exif=write_orientation(value))
        for kind, mode in (("colours", "RGB"), ("grey", "L"), ("alpha", "RGBA"), ("palette", "P"))
        for value in range(2, 9, 1 if mode == "RGB" else 3)
    },
    "bytes behind its end": png_file(_HEAD, _CODED) + bytes(500),
}

PNGS_BY_PILLOW = kinds({1, 2, 4, 8}) | _PACKED | _PALETTES | _CHUNKS
"""What Pillow shows so, too."""
PNGS_BY_OPENCV = kinds({16})
"""Of 16 bits Pillow shows grey otherwise."""

PNGS_REFUSED = {
    "no palette": (png_picture(values_of(PALETTE, 4), PALETTE, 4), "undecodable_image", "its colours are nowhere"),
    "a palette for grey": (png_picture(values_of(GREY, 8), GREY, 8, palette(4)), "undecodable_image", "PNG forbids it, and libpng stops"),
    "an unknown critical chunk": (
        png_file(_HEAD, _CODED, png_chunk(b"ABCD", b"")),
        "undecodable_image",
        "only who knows it knows the pixels",
    ),
    "pixels in two places": (
        png_file(_HEAD, _CODED[:99], behind=png_chunk(b"tEXt", b"a\0b") + png_chunk(b"IDAT", _CODED[99:])),
        "undecodable_image",
        "PNG forbids it, and libpng stops",
    ),
}
"""Each with its code, and the reason."""
