"""A request for inference, as every transport makes it from what it receives; and the images in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from server.errors import BadRequest
from server.images.bmp import write_bmp
from server.images.inspection import is_picture
from server.oip.tensors import BYTES, LENGTH_BYTES, UINT8, Value, split_elements

IMAGE, PIXELS = "image", "pixels"
_COLOURS = 3
_RANK = 4
_SHOWN = 80
_LONGEST_MS = 2**31 - 1  # as of POST /classify; JSON has numbers that no float can hold
_IMAGE_REMEDY = "Send one input named image, of BYTES with the shape [N] or [N, 1]; each element is the bytes of a JPEG, PNG, WebP or BMP."
_PIXELS_REMEDY = "Send pixels as UINT8 with the shape [N, height, width, 3], in RGB, with the binary extension or in raw_input_contents."


@dataclass(frozen=True, slots=True)
class InferInput:
    """A tensor of a request: its raw data, or the elements of BYTES where the transport has them one by one."""

    name: str
    datatype: str
    shape: Sequence[int]
    data: memoryview | None = field(default=None, repr=False)
    elements: Sequence[bytes] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RequestedOutput:
    """An output that the client asks for; `classes` of the classification extension, 0 without it."""

    name: str
    classes: int = 0
    binary: bool = False


@dataclass(frozen=True, slots=True)
class InferRequest:
    """A request. No outputs means all. `id` is None if the client gave none."""

    inputs: list[InferInput]
    """Until `take_images` has taken them."""
    outputs: Sequence[RequestedOutput] = ()
    id: str | None = None
    parameters: Mapping[str, Value] = field(default_factory=dict)
    binary: bool = False
    """Whether all outputs come as binary, where none are named."""

    @property
    def raw_bytes(self) -> int:
        """Of the inputs, without the elements that a transport has made already."""
        return sum(len(each.data) for each in self.inputs if each.data)

    @property
    def timeout_ms(self) -> int | None:
        """The client's time; raises BadRequest. The protocol counts microseconds, and 0 is none."""
        timeout_us = self.parameters.get("timeout", 0)
        if isinstance(timeout_us, bool) or not isinstance(timeout_us, int) or timeout_us < 0:
            raise BadRequest(f"timeout must be a whole number of microseconds, not {str(timeout_us)[:_SHOWN]!r}.")
        return max(1, min(timeout_us // 1000, _LONGEST_MS)) if timeout_us else None

    @property
    def partial(self) -> bool:
        """Whether an image that is refused leaves the others their answers; raises BadRequest."""
        wanted = self.parameters.get("partial", False)
        if not isinstance(wanted, bool):
            raise BadRequest(f"partial must be true or false, not {str(wanted)[:_SHOWN]!r}.")
        return wanted


def requested_output(name: str, parameters: Mapping[str, Value], *, binary: bool = False) -> RequestedOutput:
    """The output that a transport's name and parameters ask for; raises BadRequest. Unknown parameters are left out, as by others."""
    classes = parameters.get("classification", 0)
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 0:
        raise BadRequest(f"classification must be a number of classes, not {str(classes)[:_SHOWN]!r}.")
    wanted = parameters.get("binary_data", binary)
    if not isinstance(wanted, bool):
        raise BadRequest(f"binary_data must be true or false, not {str(wanted)[:_SHOWN]!r}.")
    return RequestedOutput(name, classes, wanted)


def take_images(request: InferRequest, max_items: int, max_pixels: int) -> list[bytes]:
    """The encoded images of a request, at least one and at most `max_items`; raises BadRequest. The request keeps no copy of them."""
    if len(request.inputs) != 1:
        raise BadRequest(f"The request has {len(request.inputs)} inputs.", _IMAGE_REMEDY)
    given = request.inputs[0]
    if given.name not in (IMAGE, PIXELS):
        raise BadRequest(f"The input {given.name[:_SHOWN]!r} is unknown.", _IMAGE_REMEDY)
    if given.shape and not 1 <= given.shape[0] <= max_items:
        raise BadRequest(
            f"The shape {_told(given)} asks for {given.shape[0]} images, and 1 to {max_items} are taken.",
            "Send them in several requests, or raise MAX_BATCH_ITEMS.",
        )
    images = _pictures_of_pixels(given, max_pixels) if given.name == PIXELS else _pictures(given)
    request.inputs.clear()  # which hold the whole message
    return images


def _pictures(given: InferInput) -> list[bytes]:
    if given.datatype != BYTES or len(given.shape) not in (1, 2) or tuple(given.shape[1:]) not in ((), (1,)):
        raise BadRequest(f"The input image is {given.datatype[:_SHOWN]} of the shape {_told(given)}.", _IMAGE_REMEDY)
    count = given.shape[0]
    if given.elements is not None:
        if len(given.elements) != count:
            raise BadRequest(f"The input image has {len(given.elements)} elements, and its shape is {_told(given)}.")
        return list(given.elements)
    data = given.data or memoryview(b"")
    if count == 1 and int.from_bytes(data[:LENGTH_BYTES], "little") != len(data) - LENGTH_BYTES and is_picture(bytes(data[:64])):
        return [bytes(data)]  # one image as it is, without its length
    return split_elements(data, count, IMAGE)


def _pictures_of_pixels(given: InferInput, max_pixels: int) -> list[bytes]:
    """Lossless pictures of the pixels: the engines take pictures, and the answers are the same."""
    if given.datatype != UINT8 or len(given.shape) != _RANK or given.shape[3] != _COLOURS or given.data is None:
        raise BadRequest(f"The input pixels is {given.datatype[:_SHOWN]} of the shape {_told(given)}.", _PIXELS_REMEDY)
    count, height_px, width_px, _ = given.shape
    if height_px < 1 or width_px < 1 or height_px * width_px > max_pixels:
        raise BadRequest(f"The pictures of the shape {_told(given)} have not 1 to {max_pixels} pixels.", _PIXELS_REMEDY)
    each_bytes = height_px * width_px * _COLOURS
    if len(given.data) != count * each_bytes:
        raise BadRequest(f"The input pixels has {len(given.data)} bytes, and its shape {_told(given)} needs {count * each_bytes}.")
    pictures = np.frombuffer(given.data, np.uint8).reshape(count, height_px, width_px, _COLOURS)
    return [write_bmp(width_px, height_px, partial(np.copyto, src=picture[:, :, ::-1])) for picture in pictures]


def _told(given: InferInput) -> str:
    return str(list(given.shape))[:_SHOWN]
