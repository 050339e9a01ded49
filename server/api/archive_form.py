"""Reads a form with an archive while it arrives: the archive goes to the disk, the fields are short."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError

from server.api.body import parsed_header
from server.errors import BadRequest

ARCHIVE = "archive"
MAX_FIELDS = 8
MAX_FIELD_BYTES = 4096
HELD_BYTES = 128 * 1024 + MAX_FIELDS * MAX_FIELD_BYTES
"""What a form takes in memory: a piece of the body, once more as a piece of the archive, and the fields."""


async def read_archive_form(content_type: str, body: AsyncIterator[bytes], store: Callable[[bytes], Awaitable[None]]) -> dict[str, str]:
    """The fields beside the archive, whose bytes go to `store`; raises BadRequest for any other form, and what `store` raises."""
    boundary = parsed_header("content-type", content_type).get_boundary()
    if not boundary:
        raise BadRequest("The form has no boundary.", "Let your HTTP library write the Content-Type.")
    parts = _FormParts()
    try:
        parser = MultipartParser(boundary.encode("latin-1"), parts.callbacks())  # type: ignore[arg-type]
        async for piece in body:
            parser.write(piece)
            if parts.arrived:
                await store(b"".join(parts.arrived))
                parts.arrived.clear()
        parser.finalize()
    except (FormParserError, UnicodeError) as error:
        raise BadRequest(f"The form cannot be read: {error}.") from error
    if not parts.complete:
        raise BadRequest("The form ends before its closing boundary.")
    if not parts.has_archive:
        raise BadRequest("The form has no file `archive`.", "curl -F archive=@set.zip …")
    return parts.fields


class _FormParts:
    """The fields so far, and the bytes of the archive that arrived with the last piece."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.arrived: list[bytes] = []
        self.has_archive = False
        self.complete = False
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._name: str | None = None
        self._value = bytearray()

    def callbacks(self) -> Mapping[str, object]:
        """The functions that the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": lambda data, start, end: self._content(data[start:end]),
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._name = None
        self._value.clear()

    def _header_end(self) -> None:
        name, value = (bytes(part).decode("utf-8", "replace") for part in self._header)
        self._header = (bytearray(), bytearray())
        if name.lower() == "content-disposition":
            self._name = dict(parsed_header(name, value).get_params([], header=name)).get("name")

    def _headers_end(self) -> None:
        if self._name is None:
            raise BadRequest("A part of the form has no name.")
        if self._name in self.fields or (self._name == ARCHIVE and self.has_archive):
            raise BadRequest("A field occurs twice in the form.")
        if len(self.fields) >= MAX_FIELDS:
            raise BadRequest(f"The form has more than {MAX_FIELDS} fields.")
        if self._name == ARCHIVE:
            self.has_archive = True

    def _content(self, data: bytes) -> None:
        if self._name == ARCHIVE:
            self.arrived.append(data)
            return
        self._value.extend(data)
        if len(self._value) > MAX_FIELD_BYTES:
            raise BadRequest(f"A field of the form has more than {MAX_FIELD_BYTES} bytes.", "The archive is the field `archive`.")

    def _end(self) -> None:
        if self._name is not None and self._name != ARCHIVE:
            self.fields[self._name] = self._value.decode("utf-8", "replace")

    def _finish(self) -> None:
        self.complete = True
