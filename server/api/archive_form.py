"""Reads a form with an archive while it arrives: the archive goes to the disk, the fields are short."""

from collections.abc import AsyncIterator, Awaitable, Callable

from server.api.form_parts import FROM_BROWSERS, FormParts, HeaderValue, Part, parsed_header
from server.api.unknown_names import unknown_name
from server.errors import BadRequest, UnsupportedCoding

ARCHIVE = "archive"
FIELDS = ("dataset", "labels", "map", "top_k", "limit", "model")
MAX_FIELD_BYTES = 4096
MAX_EMPTY_FILES = 8
HELD_BYTES = 192 * 1024 + (len(FIELDS) + len(FROM_BROWSERS)) * MAX_FIELD_BYTES
"""What a form takes in memory: a piece of the body, once more as a piece of the archive, once more packed, and the fields."""


async def read_archive_form(content_type: str, body: AsyncIterator[bytes], store: Callable[[bytes], Awaitable[None]]) -> dict[str, str]:
    """The fields beside the archive, whose bytes go to `store`; raises BadRequest for any other form, and what `store` raises."""
    form = _ArchiveForm(parsed_header("content-type", content_type))
    async for piece in body:
        form.feed(piece)
        if form.arrived:
            await store(b"".join(form.arrived))
            form.arrived.clear()
    form.finish()
    if not form.has_archive:
        raise BadRequest("The form has no file `archive`.", "curl -F archive=@set.zip …")
    return {name: value for name, value in form.fields.items() if name not in FROM_BROWSERS}


class _ArchiveForm(FormParts):
    """The fields so far, and the bytes of the archive that arrived with the last piece. One file is the archive, whatever its field."""

    def __init__(self, content_type: HeaderValue) -> None:
        super().__init__(content_type)
        self.fields: dict[str, str] = {}
        self.arrived: list[bytes] = []
        self.has_archive = False
        self._empty_files = 0
        self._part = Part()
        self._bytes = 0
        self._value = bytearray()

    def begin_part(self, part: Part) -> None:
        """Decide by its headers what the part is."""
        self._part, self._bytes = part, 0
        self._value.clear()
        if not self._is_file:
            if part.name in self.fields:
                raise BadRequest("A field occurs twice in the form.")
            if not part.name:
                raise BadRequest("A part of the form has no name.")
            if part.name == "labels" and part.filename:
                raise BadRequest(
                    "The form field 'labels' holds a file. It takes the name of a list inside the archive.",
                    "Put the list into the archive, and send its name: curl -F labels=val_label.txt …",
                )
            if part.name not in FIELDS and part.name not in FROM_BROWSERS:
                raise unknown_name("The form field", part.name, (ARCHIVE, *FIELDS))
        if part.is_base64:
            raise UnsupportedCoding("A part of the form has the Content-Transfer-Encoding 'base64'.", "Send the archive as it is: binary.")

    @property
    def _is_file(self) -> bool:
        return self._part.name == ARCHIVE or (self._part.filename is not None and self._part.name not in FIELDS)

    def take(self, data: bytes) -> None:
        """Keep a piece of its content."""
        if self._is_file:
            if not self._bytes:
                self._begin_archive()
            self.arrived.append(data)
        else:
            self._value.extend(data)
        self._bytes += len(data)
        if len(self._value) > MAX_FIELD_BYTES:
            raise BadRequest(f"A field of the form has more than {MAX_FIELD_BYTES} bytes.", "The archive is the field `archive`.")

    def _begin_archive(self) -> None:
        if self.has_archive:
            raise BadRequest("The form has two files, and one archive is taken.", "Pack the set into one archive.")
        self.has_archive = True

    def end_part(self) -> None:
        """Keep the value of a field."""
        if not self._is_file:
            self.fields[self._part.name] = self._value.decode("utf-8", "replace")
        elif not self._bytes and self._part.filename != "":  # else a file input that was left empty
            self._begin_archive()
        elif not self._bytes:
            self._empty_files += 1
            if self._empty_files > MAX_EMPTY_FILES:
                raise BadRequest(f"The form has more than {MAX_EMPTY_FILES} empty files.")
