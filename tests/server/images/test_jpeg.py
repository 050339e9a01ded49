import struct

import cv2
import numpy as np
import pytest

from server.errors import ImageTooLarge, UndecodableImage, UnsupportedImage
from server.images.exif import write_orientation
from server.images.jpeg import inspect_jpeg
from server.types import EncodedImage, ImageFormat

PIXELS = np.dstack([np.add.outer(np.arange(24) * 7, np.arange(40) * 3).astype(np.uint8)] * 3)
REAL = cv2.imencode(".jpg", PIXELS)[1].tobytes()
SOI, EOI = b"\xff\xd8", b"\xff\xd9"


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content


def frame(components: int = 3, marker: int = 0xC0, bits: int = 8, width: int = 40, height: int = 24) -> bytes:
    return segment(
        marker, struct.pack(">BHHB", bits, height, width, components) + bytes(b for c in range(components) for b in (c, 0x11, 0))
    )


def scan(*components: int, coded: bytes = b"\x12\xff\x00\x34" * 4) -> bytes:
    return segment(0xDA, bytes([len(components)]) + bytes(b for c in components for b in (c, 0)) + b"\0\x3f\0") + coded


def exif(orientation: int) -> bytes:
    return segment(0xE1, b"Exif\0\0" + write_orientation(orientation))


def inspected(*parts: bytes) -> EncodedImage:
    return inspect_jpeg(b"".join((SOI, *parts)), 1000)


def with_segments(*segments: bytes) -> EncodedImage:
    """A real JPEG with more segments behind its first one, JFIF."""
    return inspect_jpeg(b"".join((REAL[:20], *segments, REAL[20:])), 1000)


@pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2, 0xC9, 0xCA])
@pytest.mark.parametrize("components", [1, 3, 4])
def test_accepted_codings(marker: int, components: int) -> None:
    image = inspected(frame(components, marker), scan(*range(components)), EOI)
    assert (image.width_px, image.height_px) == (40, 24)


@pytest.mark.parametrize(
    "other",
    [
        *(frame(marker=marker) for marker in (0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF, 0xDE, 0xF7)),
        frame(bits=12),
        frame(components=2),
        frame(components=5),
    ],
)
def test_codings_that_not_every_decoder_takes(other: bytes) -> None:
    with pytest.raises(UnsupportedImage, match="is not supported"):
        inspected(other, scan(0, 1, 2), EOI)


def test_scans_a_component_each_with_segments_between() -> None:
    assert inspected(frame(), scan(0), segment(0xC4, b"table"), scan(1), scan(2), segment(0xDC, b"\0\x18"), EOI).height_px == 24


def pixels(image: bytes) -> object:
    decoded = cv2.imdecode(np.frombuffer(image, np.uint8), 1)
    assert decoded is not None
    return decoded.tolist()


def numbered(image: bytes, numbers: bytes) -> bytes:
    """A JPEG of three components in one scan, which get these numbers."""
    data = bytearray(image)
    for marker, before in ((b"\xff\xc0", 10), (b"\xff\xda", 5)):
        at = data.index(marker) + before
        data[at : at + 3 * len(numbers) - (marker == b"\xff\xda") * 3 : 3 - (marker == b"\xff\xda")] = numbers
    return bytes(data)


def test_components_of_the_same_number_are_those_that_decoders_take() -> None:
    same = numbered(REAL, b"\1\1\1")
    assert same != REAL
    assert inspect_jpeg(same, 1000).decode_s == inspect_jpeg(REAL, 1000).decode_s
    assert pixels(same) == pixels(REAL)


def test_scans_of_a_number_that_several_have_cost_what_the_first_one_costs() -> None:
    def costs(*sampling: int) -> float:
        components = b"".join(bytes((1, each, 0)) for each in sampling)
        head = segment(0xC2, struct.pack(">BHHB", 8, 1024, 1024, len(sampling)) + components)
        image = inspect_jpeg(
            b"".join((SOI, head, scan(*[1] * len(sampling), coded=bytes(9000)), *[scan(1, coded=bytes(9000))] * 40, EOI)), 2**21
        )
        return image.decode_s

    assert costs(0x44, 0x11, 0x11) > costs(0x44) > costs(0x11, 0x44, 0x44)


def test_fill_bytes_and_restarts() -> None:
    coded = b"\x12\xff\xd0\x34\xff\xff\xd1\x56\xff\xff"
    assert inspected(b"\xff\xff", segment(0xDD, b"\0\4"), frame(1), scan(0, coded=coded), EOI).width_px == 40


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ((EOI,), "ends before every component was coded at byte 2"),
        ((frame(), EOI), "ends before every component"),
        ((frame(), scan(0), scan(1), EOI), "ends before every component"),
        ((scan(0), EOI), "scan header that does not fit the frame at byte 2"),
        ((frame(1), scan(1), EOI), "scan header that does not fit"),
        ((frame(1), segment(0xDA, b""), EOI), "scan header that does not fit"),
        ((frame(1), scan(0, coded=b""), EOI), "scan without data"),
        ((frame(1), scan(0)), "has no end, and the image stops at byte 41"),
        ((frame(1), frame(1), scan(0), EOI), "second JPEG frame header at byte 15"),
        ((segment(0xC0, b"\x08\0\x10"), EOI), "frame header of the wrong length"),
        ((segment(0xC0, frame()[4:-1]), EOI), "frame header of the wrong length"),
        ((frame(width=0), EOI), "impossible size of 0x24"),
        ((segment(0xDD, b"\0"), EOI), "restart interval of the wrong length"),
        ((b"\xff\xe0\0\1", EOI), "impossible length of the JPEG segment FFE0 at byte 2"),
        ((b"\xff\xe0\0\x09abc",), "The JPEG segment FFE0 at byte 2 would end at byte 13, but the image has only 9 bytes"),
        ((b"abc", EOI), "ends before every component was coded at byte 5"),
        ((b"abc",), "A byte 61 instead of a JPEG marker, and none after it, at byte 2"),
        ((b"\xff\xff\xff",), "A byte FF instead of a JPEG marker, and none after it, at byte 2"),
        ((SOI, EOI), "marker FFD8 out of place"),
        ((segment(0xF0, b""), EOI), "marker FFF0 out of place"),
        ((frame(1), scan(0) * 101, EOI), "more than 100 scans"),
        (((b"a" + segment(0xFE, b"")) * 129,), "bytes before more than 128 of its markers"),
        ((segment(0xFE, b"") * 5000,), "more than 1024 segments"),
    ],
)
def test_damaged_structure(parts: tuple[bytes, ...], told: str) -> None:
    with pytest.raises(UndecodableImage, match=told):
        inspected(*parts)


def test_too_large_is_told_before_the_rest_is_read() -> None:
    with pytest.raises(ImageTooLarge):
        inspected(frame(width=60_000, height=60_000))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(orientation: int) -> None:
    image = with_segments(exif(orientation))
    assert (image.width_px, image.height_px, image.orientation) == (40, 24, orientation)


def test_upright_exif_is_dropped() -> None:
    assert with_segments(exif(1)).data == REAL


def test_exif_behind_other_metadata_counts_in_every_opencv() -> None:
    image = with_segments(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"), exif(6), exif(3))
    assert image.orientation == 6
    assert image.data == SOI + exif(6) + REAL[2:]
    assert inspect_jpeg(image.data, 1000) == image


def test_exif_behind_the_first_scan_does_not_count() -> None:
    data = REAL[:-2] + exif(6) + EOI
    assert inspect_jpeg(data, 1000) == EncodedImage(data, ImageFormat.JPEG, 40, 24)


def test_thumbnail_with_its_own_eoi() -> None:
    assert with_segments(segment(0xE1, b"Exif\0\0" + write_orientation(8) + REAL), segment(0xE2, REAL)).orientation == 8


@pytest.mark.parametrize("odd", [b"abc", b"a\xff\0b\xff\xff", b"\xff\xd3", b"\xff\x01", b"\xff\xff\xff", b"\xff\xd0abc\xff\xd7"])
def test_what_decoders_pass_over_between_segments_is_cut_out(odd: bytes) -> None:
    for at in (2, REAL.index(b"\xff\xc0"), REAL.index(b"\xff\xda")):
        assert inspect_jpeg(REAL[:at] + odd + REAL[at:], 1000).data == REAL


def adobe(transform: int) -> bytes:
    return segment(0xEE, struct.pack(">5sHHHB", b"Adobe", 100, 0, 0, transform))


@pytest.mark.parametrize(("transform", "right"), [(0, 0), (1, 1), (2, 1), (255, 1)])
def test_an_unknown_colour_transform_becomes_the_one_that_decoders_take(transform: int, right: int) -> None:
    assert inspect_jpeg(SOI + adobe(transform) + REAL[2:], 1000).data == SOI + adobe(right) + REAL[2:]


def test_restarts_behind_the_last_block_are_cut_off() -> None:
    """Of 15 blocks in intervals of four, the fourth restart has nothing before it."""
    coded = b"\x12\xff\xd0\x34\xff\xd1\x56\xff\xd2\x78"
    whole = (segment(0xDD, b"\0\4"), frame(1), scan(0, coded=coded), EOI)
    surplus = (segment(0xDD, b"\0\4"), frame(1), scan(0, coded=coded + b"\xff\xd3\x12\x34"), EOI)
    assert inspected(*whole) == inspected(*surplus)


SCAN_VALUES_AT = REAL.index(b"\xff\xda") + 2 + 12 - 3
PROGRESSIVE = cv2.imencode(".jpg", PIXELS, (cv2.IMWRITE_JPEG_PROGRESSIVE, 1))[1].tobytes()


@pytest.mark.parametrize(("at", "other"), [(SCAN_VALUES_AT, b"\0\0\0"), (SCAN_VALUES_AT, b"\1\x05\x21"), (11, b"\2")])
def test_values_that_could_be_only_one_are_put_right(at: int, other: bytes) -> None:
    data = REAL[:at] + other + REAL[at + len(other) :]
    assert inspect_jpeg(data, 1000) == EncodedImage(REAL, ImageFormat.JPEG, 40, 24)
    assert inspect_jpeg(data[:2] + exif(6) + data[2:], 1000).data == SOI + exif(6) + REAL[2:]


def test_the_scans_of_a_progressive_jpeg_stay_as_they_are() -> None:
    assert inspect_jpeg(PROGRESSIVE, 1000).data is PROGRESSIVE
