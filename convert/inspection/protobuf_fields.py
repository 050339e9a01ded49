"""Reads a protobuf file field by field, without its schema, and skips the fields that the caller does not need.

The official parser makes an object for every message, and an empty message takes two bytes of the file: a file of a few hundred
MB could use up all memory. This reader skips long fields and limits the number of fields.
"""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from convert.conversion_errors import ConvertError

MAX_FIELDS = 500_000  # ResNeXt-101 has 12,000
MAX_TEXT_BYTES = 4096
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # protobuf.dev, Encoding


class FieldSpan(NamedTuple):
    """A field: `number` is the schema's number, `value` the value of a varint or 0, `start` to `end` the bytes of another type."""

    number: int
    value: int
    start: int
    end: int

    @property
    def size(self) -> int:
        """Bytes of the content."""
        return self.end - self.start


NOTHING = FieldSpan(0, 0, 0, 0)


class ProtobufFile:
    """The fields of an open file of `size_bytes` bytes; every method raises ConvertError for bytes that are not protobuf."""

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self._file = file
        self._fields = 0
        self.whole = FieldSpan(0, 0, 0, size_bytes)

    def fields(self, message: FieldSpan) -> Iterator[FieldSpan]:
        """The fields of a message, in the file's order."""
        at = message.start
        while at < message.end:
            self._fields += 1
            if self._fields > MAX_FIELDS:
                raise ConvertError(f"The file has more than {MAX_FIELDS} fields.", "No classification network has as many.")
            field, at = self._field(at, message.end)
            yield field

    def text(self, field: FieldSpan) -> str:
        """The content of a text field."""
        if field.size > MAX_TEXT_BYTES:
            raise ConvertError(f"Byte {field.start}: a text of {field.size} bytes is too long.", "A name is expected.")
        self._file.seek(field.start)
        return self._file.read(field.size).decode("utf-8", "replace")

    def numbers(self, field: FieldSpan) -> list[int]:
        """The numbers of a repeated field: one number, or several packed numbers."""
        if field.end == field.start:
            return [field.value]
        numbers, at = [], field.start
        if field.size > MAX_TEXT_BYTES:
            raise ConvertError(f"Byte {field.start}: a list of {field.size} bytes is too long.", "A shape is expected.")
        while at < field.end:
            number, at = self._varint(at, field.end)
            numbers.append(number)
        return numbers

    def _field(self, at: int, end: int) -> tuple[FieldSpan, int]:
        key, start = self._varint(at, end)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise ConvertError(f"Byte {at}: not protobuf.", "The file is damaged.")
        if wire == _VARINT:
            value, after = self._varint(start, end)
            return FieldSpan(number, value, after, after), after
        if wire == _BYTES:
            size, start = self._varint(start, end)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise ConvertError(f"Byte {at}: not protobuf.", "The file is damaged.")
        if start + size > end:
            raise ConvertError(f"Byte {at}: a field of {size} bytes, but only {end - start} are left.", "The file is cut off or damaged.")
        return FieldSpan(number, 0, start, start + size), start + size

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        self._file.seek(at)
        value = 0
        for place, byte in enumerate(self._file.read(min(10, end - at))):
            value |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return value, at + place + 1
        raise ConvertError(f"Byte {at}: a number without an end.", "The file is cut off or damaged.")
