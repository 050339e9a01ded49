"""Bounds what a ModelInferRequest becomes, from its bytes alone: two bytes of an empty message become an object of a hundred.

Everything but the bytes of images is the description of the request, and is small. So few objects are made, whatever the message says.
"""

from collections.abc import Iterator

from server.errors import BadRequest

DESCRIPTION_BYTES = 64 * 1024
"""Names, shapes, parameters, and the heads of all fields."""
MAX_FIELDS = 4096
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
_INPUTS, _RAW = 5, 7  # of ModelInferRequest
_CONTENTS = 5  # of InferInputTensor
_BYTES = 8  # of InferTensorContents
_PATHS = {(): {_INPUTS}, (_INPUTS,): {_CONTENTS}, (_INPUTS, _CONTENTS): set[int]()}
"""The messages that are looked into, and the fields in which the next one lies."""
_IMAGES = {((), _RAW), ((_INPUTS, _CONTENTS), _BYTES)}


def check_wire(message: bytes) -> None:
    """Raise BadRequest for bytes that are not fields, for too many of them, and for a long description."""
    image_bytes = 0
    for count, (path, number, size) in enumerate(_fields(message, 0, len(message), ())):
        if count >= MAX_FIELDS:
            raise BadRequest(f"The message has more than {MAX_FIELDS} fields.", "Send fewer images at once.")
        if (path, number) in _IMAGES:
            image_bytes += size
    if len(message) - image_bytes > DESCRIPTION_BYTES:
        raise BadRequest(
            f"The message has {len(message) - image_bytes} bytes beside its images.", "Send images in raw_input_contents or bytes_contents."
        )


def _fields(message: bytes, at: int, end: int, path: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Each field: the path of its message, its number, its bytes if it has a length."""
    while at < end:
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
        yield path, number, size
        if kind == _LENGTH and number in _PATHS[path]:
            yield from _fields(message, at, at + size, (*path, number))
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
