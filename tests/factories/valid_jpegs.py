"""JPEGs that are odd but valid: every way that encoders have to write one small scene."""

import struct
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from pipelines.cpu.elements.frame import Pixels
from server.images.exif import write_orientation
from tests.factories.jpeg_coder import (
    EXTENDED,
    PROGRESSIVE_FRAME,
    QUANTS,
    Component,
    Scan,
    frame_header,
    huffman_tables,
    jpeg_of,
    quant_table,
    scan_of,
)
from tests.factories.odd_pictures import EOI, adobe, only, segment, transformed
from tests.factories.small_scene import OBLONG, SCENE, written

QUALITIES = (1, 2, 5, 10, 25, 40, 50, 60, 75, 85, 90, 95, 98, 99, 100)
SIZES = ((1, 1), (1, 2), (2, 1), (7, 9), (8, 8), (9, 8), (15, 17), (16, 16), (17, 15), (33, 1), (1, 33), (24, 3))
SAMPLING = {
    "4:1:1": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
    "4:4:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
    "4:2:2": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
}
FACTORS = (
    *((pair, (1, 1), (1, 1)) for pair in ((1, 2), (1, 4), (2, 4), (3, 1), (4, 1), (4, 2), (1, 3))),
    ((1, 1), (2, 2), (2, 2)),
    ((1, 1), (1, 2), (2, 1)),
    ((2, 2), (2, 1), (1, 2)),
    ((2, 1), (2, 1), (2, 1)),
    ((1, 1), (1, 1), (2, 2)),
)
"""Of how many samples of luma and both colours, across and down, stand in a unit."""


def jpeg(pixels: Pixels = SCENE, mode: str = "RGB", **options: Any) -> bytes:
    """As Pillow writes it."""
    return written(pixels, "JPEG", mode, **options)


def by_opencv(sampling: int, quality: int) -> bytes:
    """As OpenCV writes it, with a sampling that Pillow has not."""
    options = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling, cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_RST_INTERVAL, 2]
    return cv2.imencode(".jpg", SCENE, options)[1].tobytes()


_YCC = np.asarray(Image.fromarray(SCENE).convert("YCbCr"))


def frame(factors: tuple[tuple[int, int], ...] = ((2, 2), (1, 1), (1, 1)), ids: tuple[int, ...] = (1, 2, 3)) -> list[Component]:
    """The components of the scene."""
    return [Component(ids[number], np.ascontiguousarray(_YCC[..., number]), *factors[number]) for number in range(len(factors))]


def little_endian(orientation: int, *, wide: bool = False) -> bytes:
    """An EXIF block as most cameras write it; its value has 16 or 32 bits."""
    return struct.pack("<2sHIHHHII", b"II", 42, 8, 1, 0x0112, 4 if wide else 3, 1, orientation) + bytes(4)


def exif(block: bytes) -> bytes:
    """APP1 with an EXIF block."""
    return segment(0xE1, b"Exif\0\0" + block)


_PLAIN = jpeg(quality=90)
_HEAD = 20  # SOI and JFIF
_BARE = _PLAIN[:2] + _PLAIN[_HEAD:]
_THUMBNAIL = jpeg(255 - SCENE[:8, :8])
_GREY = Component(1, np.ascontiguousarray(_YCC[..., 0]))
_XMP = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>")


def with_segments(*added: bytes) -> bytes:
    """The scene with these behind JFIF."""
    return _PLAIN[:_HEAD] + b"".join(added) + _PLAIN[_HEAD:]


def before_jfif(*added: bytes) -> bytes:
    """The scene with these right behind its start."""
    return _PLAIN[:2] + b"".join(added) + _PLAIN[2:]


_ENTRIES = {
    "big-endian": write_orientation,
    "little-endian": little_endian,
    "little-endian, 32 bits": lambda value: little_endian(value, wide=True),
}
_TURNED = {
    f"orientation {value}, {order}": jpeg(OBLONG, quality=95, exif=b"Exif\0\0" + write(value))
    for (order, write), value in product(_ENTRIES.items(), range(1, 9))
}
_WRITTEN = {
    **{f"quality {quality}": jpeg(quality=quality) for quality in QUALITIES},
    **{f"4:4:4, quality {quality}": jpeg(quality=quality, subsampling=0) for quality in QUALITIES[::3]},
    **{f"4:2:2 progressive, quality {quality}": jpeg(quality=quality, subsampling=1, progressive=True) for quality in QUALITIES[::3]},
    **{f"{name}, quality {quality}, restarts": by_opencv(code, quality) for name, code in SAMPLING.items() for quality in (20, 95)},
    **{
        f"{width}x{height}, sampling {sampling}": jpeg(np.resize(SCENE, (height, width, 3)), subsampling=sampling, quality=80)
        for (width, height), sampling in product(SIZES, (0, 2))
    },
    **{f"restarts after {blocks}": jpeg(restart_marker_blocks=blocks) for blocks in (1, 2, 3, 7, 200)},
    "restarts in a progressive": jpeg(progressive=True, restart_marker_rows=1),
    "optimized tables": jpeg(optimize=True),
    "one table for all": jpeg(qtables=[[9] * 64]),
    "three tables": jpeg(qtables=[[3] * 64, [30] * 64]),
    "grey": jpeg(mode="L"),
    "grey progressive": jpeg(mode="L", progressive=True),
    "RGB without a transform": jpeg(keep_rgb=True),
    "RGB without a transform, progressive": jpeg(keep_rgb=True, progressive=True),
    "no segment of an application": _BARE,
    "only Adobe's, transform 1": _BARE[:2] + adobe(1) + _BARE[2:],
}
_CODED = {
    **{f"sampling {factors}": jpeg_of(frame(factors)) for factors in FACTORS},
    "a scan for each component": jpeg_of(frame(), *(Scan((number,)) for number in range(3))),
    "scans in another order": jpeg_of(frame(), Scan((2,)), Scan((0, 1)), restart=2),
    "grey with factors": jpeg_of([_GREY._replace(across=2, down=2)]),
    "grey with factors and restarts": jpeg_of([_GREY._replace(across=4, down=1)], restart=1),
    **{f"components {ids}": jpeg_of(frame(ids=ids), before=adobe(1)) for ids in ((0, 1, 2), (10, 20, 30), (255, 0, 7))},
    "letters as components": jpeg_of(frame(ids=tuple(b"YCc"))),
    "an extended frame": jpeg_of(frame(), kind=EXTENDED),
    "tables of 16 bits": jpeg_of(frame(), kind=EXTENDED, before=quant_table(np.full(64, 300), 1, wide=True)),
    "JFIF without Adobe": jpeg_of(frame(ids=(5, 6, 7)), before=_PLAIN[2:_HEAD]),
    "progressive, bands": jpeg_of(
        frame(),
        Scan((0, 1, 2), 0, 0),
        *(Scan((number,), first, last) for number, (first, last) in product(range(3), ((1, 5), (6, 63)))),
        kind=PROGRESSIVE_FRAME,
    ),
    "progressive, bits of DC": jpeg_of(
        frame(((1, 1),) * 3),
        *(Scan((0, 1, 2), 0, 0, 0, 2), Scan((1,), 1, 63), Scan((0,), 0, 0, 2, 1), Scan((1, 2), 0, 0, 2, 1)),
        *(Scan((0, 2), 0, 0, 1, 0), Scan((0,), 1, 63), Scan((2,), 1, 63), Scan((1,), 0, 0, 1, 0)),
        kind=PROGRESSIVE_FRAME,
        restart=1,
    ),
    "a table for each segment, twice": jpeg_of(frame(), before=quant_table() * 2 + segment(0xC4, huffman_tables()[0])),
    "tables in one segment": _PLAIN[:2]
    + quant_table()
    + frame_header(frame())
    + segment(0xC4, b"".join(huffman_tables()))
    + scan_of(Scan((0, 1, 2)), frame())
    + EOI,
}
_TWO = frame(((1, 1),) * 3)
_CODED |= {
    "another interval for a scan": _PLAIN[:2]
    + quant_table()
    + frame_header(_TWO)
    + segment(0xC4, b"".join(huffman_tables()))
    + segment(0xDD, b"\0\1")
    + scan_of(Scan((0,)), _TWO, 1)
    + segment(0xDD, b"\0\3")
    + scan_of(Scan((1,)), _TWO, 3)
    + segment(0xDD, b"\0\0")
    + scan_of(Scan((2,)), _TWO)
    + EOI,
    "another table for a scan": _PLAIN[:2]
    + quant_table()
    + frame_header(_TWO)
    + segment(0xC4, b"".join(huffman_tables()))
    + scan_of(Scan((0,)), _TWO)
    + segment(0xFE, b"between")
    + segment(0xC4, huffman_tables()[0])
    + scan_of(Scan((1, 2)), _TWO)
    + EOI,
    "coarse": _PLAIN[:2]
    + quant_table(9 * QUANTS)
    + frame_header(_TWO)
    + segment(0xC4, b"".join(huffman_tables()))
    + scan_of(Scan((0, 1, 2)), _TWO, quants=9 * QUANTS)
    + EOI,
}
_SEGMENTS = {
    "EXIF before JFIF": before_jfif(exif(write_orientation(6))),
    "JFIF after Adobe": before_jfif(adobe(1)),
    "EXIF twice, the first counts": with_segments(exif(write_orientation(8)), exif(write_orientation(3))),
    "XMP before EXIF": with_segments(_XMP, exif(write_orientation(6))),
    "EXIF behind the tables": _PLAIN[: _PLAIN.index(b"\xff\xc0")] + exif(write_orientation(5)) + _PLAIN[_PLAIN.index(b"\xff\xc0") :],
    "EXIF with a thumbnail": with_segments(exif(little_endian(1) + _THUMBNAIL)),
    "EXIF without an entry": with_segments(exif(b"II*\0\x08\0\0\0\0\0\0\0\0\0")),
    "EXIF that ends early": with_segments(exif(write_orientation(6)[:12])),
    "EXIF of orientation 0": with_segments(exif(little_endian(0))),
    "EXIF of orientation 9": with_segments(exif(little_endian(9))),
    "an extension of JFIF": with_segments(segment(0xE0, b"JFXX\0\x10" + _THUMBNAIL)),
    "a thumbnail in JFIF": _PLAIN[:4] + b"\0\x1c" + _PLAIN[6:18] + b"\2\2" + bytes(range(12)) + _PLAIN[_HEAD:],
    "a profile in parts": with_segments(*(segment(0xE2, b"ICC_PROFILE\0" + bytes([part, 3]) + bytes(900)) for part in (2, 1, 3))),
    "every application": with_segments(*(segment(marker, b"application") for marker in range(0xE2, 0xF0) if marker != 0xEE)),
    "a hundred comments": with_segments(segment(0xFE, b"comment") * 100),
    "an empty comment": with_segments(segment(0xFE, b"")),
    "the longest comment": with_segments(segment(0xFE, bytes(65_533))),
    "a comment before the scan": _PLAIN[: _PLAIN.index(b"\xff\xda")] + segment(0xFE, b"\xff\xd9") + _PLAIN[_PLAIN.index(b"\xff\xda") :],
    "fill bytes before every segment": b"\xff\xd8\xff\xff" + _PLAIN[2:_HEAD] + b"\xff\xff\xff" + _PLAIN[_HEAD:],
    "another picture behind its end": _PLAIN + _THUMBNAIL,
    "fill bytes before its end": _PLAIN[:-2] + b"\xff" * 10 + EOI,
    "zeros behind its end": _PLAIN + bytes(1000),
}

JPEGS_BY_PILLOW = _TURNED | _WRITTEN | _CODED | _SEGMENTS
"""What Pillow shows so, too."""

_CMYK = {
    f"CMYK, {name}": jpeg(mode="CMYK", **options)
    for name, options in (
        ("4:4:4", {"subsampling": 0}),
        ("4:2:0", {"subsampling": 2}),
        ("progressive", {"progressive": True}),
        ("quality 5", {"quality": 5}),
        ("restarts", {"restart_marker_blocks": 1}),
    )
}
JPEGS_BY_OPENCV = {
    **_CMYK,
    "CMYK without Adobe's segment": only(_CMYK["CMYK, 4:4:4"], 0xEE),
    **{f"{name}, YCCK": transformed(data, 2) for name, data in _CMYK.items()},
    **{f"arithmetic, {path.stem.split('_')[1]}": path.read_bytes() for path in sorted(Path(__file__).parent.glob("arithmetic_*.jpg"))},
}
"""Four components: Pillow has another formula from inks to colours. Arithmetic coding: not every Pillow is built with it."""

_SIX = jpeg_of(frame(((3, 1), (2, 1), (1, 1))))
_SOF = _PLAIN.index(b"\xff\xc0")
JPEGS_REFUSED = {
    "factors that do not divide": (_SIX, "undecodable_image", "libjpeg has no scaling by 3:2"),
    "two components": (jpeg_of(frame()[:2]), "unsupported_image", "nobody says what two components are"),
    "12 bits": (_PLAIN[: _SOF + 4] + b"\x0c" + _PLAIN[_SOF + 5 :], "unsupported_image", "not every libjpeg is built for it"),
    "lossless": (_PLAIN.replace(b"\xff\xc0", b"\xff\xc3", 1), "unsupported_image", "not every libjpeg has it"),
    "height behind the scan": (_PLAIN[: _SOF + 5] + b"\0\0" + _PLAIN[_SOF + 7 :], "unsupported_image", "libjpeg does not read DNL"),
}
"""Each with its code, and the reason."""
