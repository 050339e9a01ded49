import zlib
from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipelines.cpu.surplus import MOST_SURPLUS_BYTES, rows_bytes
from server.errors import UndecodableImage
from server.images.decode_cost import DEFLATED_BYTE_S, INFLATED_BYTE_S
from server.images.inspection import inspect_image
from server.images.preparation import needs_preparation, prepared, prepared_cost
from server.types import EncodedImage, ImageFormat
from tests.attack.bodies import png

SIDE_PX = 64
ROWS = bytes(SIDE_PX * (1 + 3 * SIDE_PX))


def image(coded: bytes) -> EncodedImage:
    return inspect_image(png(SIDE_PX, coded), 10_000)


def test_rows_without_end_are_refused_before_an_engine_sees_them() -> None:
    bomb = image(zlib.compress(ROWS + bytes(MOST_SURPLUS_BYTES + 1)))
    assert needs_preparation(bomb, turns=True)
    with pytest.raises(UndecodableImage, match="64x64 pixels has more than 16 MiB behind its last row"):
        prepared(bomb, turns=True)


def test_some_are_taken() -> None:
    large = image(zlib.compress(ROWS + bytes(MOST_SURPLUS_BYTES)) + bytes(20_000))
    assert needs_preparation(large, turns=True)
    assert prepared(large, turns=True) is large


def test_a_small_png_is_not_looked_through() -> None:
    small = image(zlib.compress(ROWS, 0))
    assert not needs_preparation(small, turns=False)
    assert prepared_cost(small) == (small.decode_s, small.decoded_bytes)


def test_looking_through_is_paid_for() -> None:
    large = image(zlib.compress(ROWS) + bytes(20_000))
    looked_s = DEFLATED_BYTE_S * len(large.data) + INFLATED_BYTE_S * rows_bytes(large.data)
    assert prepared_cost(large)[0] == pytest.approx(large.decode_s + looked_s)


def test_only_an_engine_that_turns_none_gets_another_picture() -> None:
    turned = replace(image(zlib.compress(ROWS, 0)), orientation=6)
    assert [needs_preparation(turned, turns=turns) for turns in (True, False)] == [False, True]
    assert prepared(turned, turns=True) is turned
    assert prepared(turned, turns=False).format is ImageFormat.BMP


def test_an_engine_without_webp_gets_it_decoded_without_loss() -> None:
    pixels = np.arange(32 * 48 * 3, dtype=np.uint8).reshape(32, 48, 3)
    webp = inspect_image(cv2.imencode(".webp", pixels, (cv2.IMWRITE_WEBP_QUALITY, 101))[1].tobytes(), 10_000)
    assert [needs_preparation(webp, turns=True, webp=reads) for reads in (True, False)] == [False, True]
    assert prepared(webp, turns=False, webp=True) is webp
    bmp = prepared(webp, turns=True, webp=False)
    assert (bmp.format, bmp.width_px, bmp.height_px) == (ImageFormat.BMP, 48, 32)
    np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(bmp.data, np.uint8), cv2.IMREAD_COLOR), pixels)


def test_a_bomb_that_is_to_be_turned_too() -> None:
    with pytest.raises(UndecodableImage, match="behind its last row"):
        prepared(replace(image(zlib.compress(ROWS + bytes(2 * MOST_SURPLUS_BYTES))), orientation=6), turns=False)


def test_bytes_that_are_no_png_are_left_to_the_decoder() -> None:
    assert not needs_preparation(replace(image(zlib.compress(ROWS)), data=b"no PNG"), turns=True)
