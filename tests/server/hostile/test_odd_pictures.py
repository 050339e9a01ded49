"""Odd pictures: answered where every row is there, refused where one is damaged, alike by both engines."""

import io
from collections.abc import Iterator
from importlib.util import find_spec
from time import monotonic

import cv2
import numpy as np
import pytest
from PIL import Image

from pipelines.cpu.decoder_warnings import decode_unwarned
from pipelines.cpu.elements.frame import Pixels
from server.engines.fleet.fleet import Fleet
from server.engines.work import InferenceRequest
from server.errors import UndecodableImage, UnsupportedImage
from server.images.inspection import inspect_image
from server.types import EncodedImage, Prediction
from tests.factories.odd_pictures import (
    BMPS_16,
    CMYK,
    DAMAGED,
    HEADER_END,
    JPEG,
    PNG,
    PROGRESSIVE,
    RESTARTED,
    RESTARTS,
    RGB,
    WEBP,
    WHOLE,
    transformed,
)
from tests.level_model import level_class, store_level_model
from tests.server.hostile.conftest import fleets_of
from tests.soak.image_seeds import png_chunk

MAX_PIXELS = 1_000_000
REFERENCES = {"jpeg": JPEG, "png": PNG, "webp": WEBP, "bmp": PNG}
ENGINES = ["stream", "ascend", pytest.param("mxbase", marks=pytest.mark.skipif(find_spec("mxclassify") is None, reason="it is not built"))]


def by_opencv(data: bytes) -> Pixels | None:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return None if pixels is None else pixels.astype(np.uint8, copy=False)


def pixels_of(data: bytes) -> Pixels:
    pixels = decode_unwarned(by_opencv, inspect_image(data, MAX_PIXELS).data)
    assert pixels is not None
    return pixels


@pytest.fixture(scope="module")
def fleets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Fleet]]:
    with fleets_of(store_level_model(tmp_path_factory.mktemp("store")), 2) as fleets:
        yield fleets


def ask(fleet: Fleet, image: EncodedImage) -> Prediction:
    return fleet.submit(InferenceRequest(image, "odd", monotonic() + 20)).result(20)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_picture_has_the_pixels_of_one_without_the_oddity(name: str) -> None:
    np.testing.assert_array_equal(pixels_of(WHOLE[name]), by_opencv(REFERENCES[name.partition(",")[0]]))


@pytest.mark.parametrize("name", RESTARTED)
def test_what_stands_behind_the_last_restart(name: str) -> None:
    np.testing.assert_array_equal(pixels_of(RESTARTED[name]), by_opencv(RESTARTS))


NOT_READ = ("jpeg, a short Adobe segment", "jpeg, an index of pictures", "jpeg, restarts between segments")
"""By Pillow, which parses the segments itself."""


@pytest.mark.parametrize("name", [name for name in WHOLE if name.startswith("jpeg") and name not in NOT_READ])
def test_pillow_sees_the_same_in_the_same_bytes(name: str) -> None:
    seen = np.asarray(Image.open(io.BytesIO(WHOLE[name])).convert("RGB"))
    np.testing.assert_array_equal(pixels_of(WHOLE[name]), seen[..., ::-1])


@pytest.mark.parametrize("name", BMPS_16)
def test_sixteen_bits_are_the_scene_but_for_the_low_ones(name: str) -> None:
    np.testing.assert_array_equal(pixels_of(BMPS_16[name]), RGB[..., ::-1] & 0xF8)


@pytest.mark.parametrize("engine", ENGINES)
def test_engines_answer_whole_pictures_alike(fleets: dict[str, Fleet], engine: str) -> None:
    for name, data in (WHOLE | RESTARTED | BMPS_16).items():
        answer = ask(fleets[engine], inspect_image(data, MAX_PIXELS))
        assert (name, answer.scores[0].class_id) == (name, level_class(pixels_of(data)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_picture_is_refused(fleets: dict[str, Fleet], engine: str, name: str) -> None:
    with pytest.raises(UndecodableImage):
        ask(fleets[engine], inspect_image(DAMAGED[name], MAX_PIXELS))


@pytest.mark.parametrize("engine", ENGINES)
def test_bytes_before_the_end_of_several_scans_are_refused(fleets: dict[str, Fleet], engine: str) -> None:
    """No decoder tells whether they belong to the last scan."""
    for jpeg in (PROGRESSIVE, CMYK):
        with pytest.raises(UndecodableImage):
            ask(fleets[engine], inspect_image(jpeg[:-2] + bytes(range(1, 200)) + jpeg[-2:], MAX_PIXELS))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("transform", [1, 3, 255])
def test_an_unknown_transform_of_four_components_is_that_of_adobe(fleets: dict[str, Fleet], engine: str, transform: int) -> None:
    wanted, found = (ask(fleets[engine], inspect_image(transformed(CMYK, code), MAX_PIXELS)) for code in (2, transform))
    assert wanted.scores == found.scores


def test_kinds_that_are_named() -> None:
    height_at = JPEG.index(b"\xff\xc0") + 5
    with pytest.raises(UnsupportedImage, match="tells its height only behind its first scan"):
        inspect_image(JPEG[:height_at] + b"\0\0" + JPEG[height_at + 2 :], MAX_PIXELS)
    with pytest.raises(UnsupportedImage, match="changed for iPhones"):
        inspect_image(PNG[:8] + png_chunk(b"CgBI", b"\x50\0\x20\2") + PNG[8:HEADER_END] + PNG[HEADER_END:], MAX_PIXELS)
