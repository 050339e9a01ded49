"""Images and options in a request, whatever carried it."""

import cv2
import numpy as np
import pytest

from server.errors import BadRequest
from server.images.inspection import inspect_image
from server.oip.infer_request import InferInput, InferRequest, requested_output, take_images
from server.oip.tensors import join_elements
from tests.level_model import level_png

PNG = level_png(8)


def images(given: InferInput) -> list[bytes]:
    return take_images(InferRequest([given]), 4, 1000)


def raw(shape: tuple[int, ...], data: bytes, name: str = "image", datatype: str = "BYTES") -> InferInput:
    return InferInput(name, datatype, shape, memoryview(data))


@pytest.mark.parametrize("shape", [(2,), (2, 1)])
def test_images_in_both_shapes(shape: tuple[int, ...]) -> None:
    assert images(raw(shape, join_elements([PNG, b"x"]))) == [PNG, b"x"]
    assert images(InferInput("image", "BYTES", shape, elements=[PNG, b"x"])) == [PNG, b"x"]


def test_one_image_without_its_length() -> None:
    assert images(raw((1,), PNG)) == [PNG]
    lying = b"\xff\xd8\0\0" + bytes(0xD8FF)  # a length that looks like the first bytes of a JPEG
    assert images(raw((1,), lying)) == [bytes(0xD8FF)]


def test_pixels_are_the_picture() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (2, 5, 7, 3), np.uint8)
    for picture, data in zip(pixels, images(raw(pixels.shape, pixels.tobytes(), "pixels", "UINT8")), strict=True):
        assert inspect_image(data, 1000).width_px == 7
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert np.array_equal(decoded[:, :, ::-1], picture)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (raw((5,), b""), "1 to 4 are taken"),
        (raw((0,), b""), "1 to 4 are taken"),
        (raw((-1,), b""), "1 to 4 are taken"),
        (raw((), b""), "of the shape"),
        (raw((1, 2), b""), "of the shape"),
        (raw((1,), b"", datatype="FP32"), "FP32"),
        (raw((1,), b"", name="picture"), "'picture' is unknown"),
        (InferInput("image", "BYTES", (2,), elements=[b""]), "has 1 elements"),
        (raw((1, 2**40, 2**40, 3), b"", "pixels", "UINT8"), "have not 1 to 1000 pixels"),
        (raw((1, 0, 9, 3), b"", "pixels", "UINT8"), "have not 1 to 1000 pixels"),
        (raw((1, 2, 2, 3), b"", "pixels", "UINT8"), "needs 12"),
        (raw((1, 2, 2, 4), bytes(16), "pixels", "UINT8"), "of the shape"),
        (InferInput("pixels", "UINT8", (1, 1, 1, 3), elements=[b"abc"]), "binary extension"),
    ],
)
def test_what_is_no_image_input(given: InferInput, told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        images(given)


def test_two_inputs_are_one_too_many() -> None:
    with pytest.raises(BadRequest, match="2 inputs"):
        take_images(InferRequest([raw((1,), PNG)] * 2), 4, 1000)


def test_the_time_is_in_microseconds() -> None:
    def timeout(value: object) -> int | None:
        return InferRequest([], parameters={"timeout": value}).timeout_ms  # type: ignore[dict-item]

    assert [timeout(value) for value in (0, 1, 999, 5_000_000)] == [None, 1, 1, 5000]
    for wrong in (-1, True, "5", 1.5):
        with pytest.raises(BadRequest, match="microseconds"):
            timeout(wrong)


def test_a_time_that_no_clock_can_hold() -> None:
    assert InferRequest([], parameters={"timeout": 10**400}).timeout_ms == 2**31 - 1


def test_options_of_a_wrong_kind() -> None:
    with pytest.raises(BadRequest, match="partial must be true or false"):
        _ = InferRequest([], parameters={"partial": 1}).partial
    for parameters in ({"classification": -1}, {"classification": "3"}, {"binary_data": 1}):
        with pytest.raises(BadRequest):
            requested_output("scores", parameters)
    assert requested_output("scores", {"classification": 3, "binary_data": True, "shared_memory_region": "x"}).classes == 3
