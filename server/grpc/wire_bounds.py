"""Takes a ModelInferRequest apart before it is parsed: its images stay where they are, and the rest is bounded.

Two bytes of an empty message become an object of a hundred. Everything but the bytes of images describes the request, and is small.
So few objects are made, whatever the message says; and protobuf copies no image.
"""

from collections.abc import Iterator
from typing import NamedTuple

from server.errors import BadRequest

DESCRIPTION_BYTES = 64 * 1024
"""Names, shapes, parameters, and the heads of all fields."""
MAX_FIELDS = 4096
MAX_RAW = 64
"""Raw contents, one for each input."""
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
_FEWEST_BYTES = 2  # of a field
_INPUTS, _RAW = 5, 7  # of ModelInferRequest
_CONTENTS = 5  # of InferInputTensor
_BYTES = 8  # of InferTensorContents
_PATHS = {(): {_INPUTS}, (_INPUTS,): {_CONTENTS}, (_INPUTS, _CONTENTS): set[int]()}
"""The messages that are looked into, and the fields in which the next one lies."""


class Wire(NamedTuple):
    """A message in two parts."""

    description: bytes
    """All fields but the raw images, as a message."""
    raw: list[memoryview]
    """The raw_input_contents, each a part of the message."""


def split_wire(message: bytes) -> Wire:
    """The parts of a message; raises BadRequest for bytes that are not fields, for too many fields, and for a long description."""
    view, spans, count = memoryview(message), [], 0
    for count, (number, kind, start, begins, ends) in enumerate(_fields(message, 0, len(message)), 1):
        if count > MAX_FIELDS:
            raise _too_many()
        if number == _RAW and kind == _LENGTH:
            spans.append((start, begins, ends))
            if len(spans) > MAX_RAW:
                raise BadRequest(f"The message has more than {MAX_RAW} raw_input_contents.", "Send one for each input.")
    rest_bytes = len(message) - sum(ends - start for start, _, ends in spans)
    if rest_bytes > (MAX_FIELDS - count) * _FEWEST_BYTES:  # else it cannot hold too many
        _check_inputs(message, rest_bytes)
    edges = [0, *(edge for start, _, ends in spans for edge in (start, ends)), len(message)]
    rest = [view[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    return Wire(b"".join(rest) if spans else message, [view[begins:ends] for _, begins, ends in spans])


def _check_inputs(message: bytes, rest_bytes: int) -> None:
    """Look into the inputs, too, whose contents may hold images; `rest_bytes` are those of all fields but the raw images."""
    image_bytes = 0
    for count, (path, number, size) in enumerate(_nested(message, 0, len(message), ())):
        if count >= MAX_FIELDS:
            raise _too_many()
        if path == (_INPUTS, _CONTENTS) and number == _BYTES:
            image_bytes += size
    if rest_bytes - image_bytes > DESCRIPTION_BYTES:
        raise BadRequest(
            f"The message has {rest_bytes - image_bytes} bytes beside its images.", "Send images in raw_input_contents or bytes_contents."
        )


def _too_many() -> BadRequest:
    return BadRequest(f"The message has more than {MAX_FIELDS} fields.", "Send fewer images at once.")


def _nested(message: bytes, at: int, end: int, path: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Each field, also of the messages that are looked into: the path of its message, its number, its bytes if it has a length."""
    for number, kind, _, begins, ends in _fields(message, at, end):
        yield path, number, ends - begins if kind == _LENGTH else 0
        if kind == _LENGTH and number in _PATHS[path]:
            yield from _nested(message, begins, ends, (*path, number))


def _fields(message: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Each field: its number and kind, where it begins, where its value begins and ends."""
    while at < end:
        start = at
        tag, at = _varint(message, at, end)
        number, kind, size = tag >> 3, tag & 7, 0
        if kind == _VARINT:
            _, at = _varint(message, at, end)
        elif kind == _LENGTH:
            size, at = _varint(message, at, end)
        elif kind in (_FIXED64, _FIXED32):
            at += 8 if kind == _FIXED64 else 4
        else:
            raise BadRequest(f"The message has a field of the unknown kind {kind} at byte {at}.")
        if at + size > end:
            raise BadRequest(f"Field {number} of the message has {size} bytes at byte {at}, beyond the end at {end}.")
        yield number, kind, start, at, at + size
        at += size


def _varint(message: bytes, at: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(_MAX_VARINT_BYTES):
        if at >= end:
            break
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, at
    raise BadRequest(f"The message is damaged at byte {at}: a number has no end.")
