"""The groups of Huffman codes that a lossless WebP makes a decoder hold."""

import io
import random

import cv2
import numpy as np
import pytest
from PIL import Image

from server.errors import ServiceError
from server.images.decode_cost import PEAK_BYTES, WEBP_GROUP_BYTES, WEBP_GROUP_S, WEBP_GROUPS
from server.images.webp import inspect_webp
from server.types import EncodedImage
from tests.factories.mutated_bytes import mutated_bytes
from tests.server.images.test_webp import chunk, riff, vp8x

MUTATIONS = 3_000


class Bits:
    """Writes bits, the lowest first."""

    def __init__(self) -> None:
        self.bits: list[int] = []

    def put(self, value: int, count: int) -> None:
        self.bits += [value >> place & 1 for place in range(count)]

    def put_bytes_code(self, size: int) -> None:
        """A code of eight bits for each byte."""
        self.put(0, 1)
        self.put(12 - 4, 4)
        for place in range(12):
            self.put(place in {2, 11}, 3)  # the lengths 0 and 8, a bit each
        self.put(0, 1)
        for symbol in range(size):
            self.put(symbol < 256, 1)


def grouped(side_px: int, groups: int) -> bytes:
    """A lossless stream, without its header, in which each block of 4 pixels names the next of these groups."""
    made = Bits()
    for value, count in ((0, 1), (0, 1), (1, 1), (0, 3), (0, 1)):  # no transform, no cache, groups, their blocks, no cache
        made.put(value, count)
    made.put_bytes_code(280)
    made.put_bytes_code(256)
    made.put(0x111, 12)  # blue, alpha and distance: one symbol each
    for block in range((-(-side_px // 4)) ** 2):
        green, red = block % groups & 255, block % groups >> 8
        made.put(int(f"{green:08b}"[::-1], 2), 8)
        made.put(int(f"{red:08b}"[::-1], 2), 8)
    for _ in range(5 * groups):
        made.put(1, 4)
    return np.packbits(np.array(made.bits, np.uint8), bitorder="little").tobytes()


def webp_of(side_px: int, stream: bytes) -> bytes:
    return riff(chunk(b"VP8L", b"\x2f" + ((side_px - 1) * 0x4001).to_bytes(4, "little") + stream))


def groups_of(image: EncodedImage) -> float:
    base_bytes = 7 if image.data[12:16] == b"VP8L" else PEAK_BYTES
    return (image.decoded_bytes - base_bytes * image.width_px * image.height_px) / WEBP_GROUP_BYTES + WEBP_GROUPS


@pytest.mark.parametrize(("side_px", "groups"), [(40, 1), (40, 64), (40, 100), (200, 900), (256, 4096)])
def test_groups_are_counted(side_px: int, groups: int) -> None:
    data = webp_of(side_px, grouped(side_px, groups))
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is not None
    image = inspect_webp(data, 10**6)
    assert groups_of(image) == max(groups, WEBP_GROUPS)
    assert image.decode_s > WEBP_GROUP_S * (groups - WEBP_GROUPS)


def test_groups_that_are_too_many_to_be_read_are_as_many_as_fit() -> None:
    """Each takes memory that its few bits do not show."""
    data = webp_of(512, grouped(512, 16384))
    image = inspect_webp(data, 10**6)
    assert groups_of(image) == 16384
    assert image.decoded_bytes > 500 * len(data)
    assert groups_of(inspect_webp(webp_of(512, b"\xff" * 1000), 10**6)) == 400


def test_groups_of_transparency() -> None:
    lossy = cv2.imencode(".webp", np.zeros((48, 48, 3), np.uint8), [cv2.IMWRITE_WEBP_QUALITY, 80])[1].tobytes()[12:]
    told = vp8x(0x10, 48, 48), chunk(b"ALPH", b"\1" + grouped(48, 100)), lossy, chunk(b"VP8L", b"behind the frame")
    assert groups_of(inspect_webp(riff(*told), 10_000)) == 100
    plain = told[0], chunk(b"ALPH", bytes(1 + 48 * 48)), lossy
    assert groups_of(inspect_webp(riff(*plain), 10_000)) == WEBP_GROUPS


@pytest.mark.parametrize("colours", [2, 4, 16, 200, 2**24])
@pytest.mark.parametrize("method", [0, 4, 6])
def test_encoders_write_few_groups(colours: int, method: int) -> None:
    random = np.random.default_rng(5)
    small = random.integers(0, 256, (20, 30, 3), np.uint8)
    pixels = cv2.resize(small, (240, 160), interpolation=cv2.INTER_CUBIC) + random.integers(0, 9, (160, 240, 3), np.uint8)
    if colours <= 256:
        pixels = random.integers(0, 256, (colours, 3), np.uint8)[np.sort(random.integers(0, colours, (160, 240)))]
    into = io.BytesIO()
    Image.fromarray(pixels).save(into, "WEBP", lossless=True, method=method, quality=75)
    assert groups_of(inspect_webp(into.getvalue(), 10**6)) == WEBP_GROUPS


def test_damaged_streams_are_bounded_too() -> None:
    chance = random.Random(24)  # noqa: S311 - a seed
    seeds = [grouped(40, 100), grouped(200, 900), b"\xff" * 60, bytes(60)]
    refused = 0
    for _ in range(MUTATIONS):
        stream = mutated_bytes(chance, chance.choice(seeds), [b"\xff" * 9, b"\0" * 8])
        try:
            assert groups_of(inspect_webp(webp_of(chance.choice((1, 40, 300)), stream), 10**6)) <= 5625
        except ServiceError:
            refused += 1
    assert refused < MUTATIONS / 10
