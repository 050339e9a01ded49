"""Reads a multipart form piece by piece: what its two readers have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError

from server.errors import BadRequest, UnsupportedCoding

MAX_PARAMETERS = 32
"""Parameters of a header: the time of email.message grows with their square."""
MAX_PREAMBLE_BYTES = 8 * 1024
"""Text before the first boundary, which some mail libraries write."""
FROM_BROWSERS = frozenset({"_charset_", "submit", "submit.x", "submit.y"})
"""Fields that say nothing: a browser adds them."""
_DISPOSITION, _CODING = "content-disposition", "content-transfer-encoding"
_PLAIN = ("", "binary", "8bit", "7bit")


@dataclass(slots=True)
class Part:
    """What the headers of a part say."""

    name: str = ""
    filename: str | None = None
    """None if the part is not a file. A file input that was left empty has an empty one."""
    is_base64: bool = False


@dataclass(frozen=True, slots=True)
class HeaderValue:
    """A header with parameters, as RFC 2045 and RFC 2231 write them."""

    word: str
    """What stands before the parameters, in lower case."""
    parameters: Mapping[str, str]


class FormParts:
    """Splits a form into parts. A subclass takes them in `begin_part`, `take` and `end_part`, which may raise ServiceError."""

    def __init__(self, content_type: HeaderValue) -> None:
        """Raises BadRequest if the header has no boundary that can be."""
        if not (named := content_type.parameters.get("boundary", "").rstrip()):
            raise BadRequest("The form has no boundary.", "Let your HTTP library write the Content-Type.")
        try:
            boundary = named.encode("latin-1")
            self._parser = MultipartParser(boundary, self._callbacks())  # type: ignore[arg-type]
        except (FormParserError, ValueError) as error:
            raise BadRequest(
                f"The boundary of the form cannot be read: {error}.", "Let your HTTP library write the Content-Type."
            ) from error
        self.delimiter = b"\r\n--" + boundary
        self._preamble: bytes | None = b""  # None once the first boundary has come
        self._complete = False
        self._begin()

    def begin_part(self, part: Part) -> None:
        """Called when the headers of a part are complete."""

    def take(self, data: bytes) -> None:
        """Called for each piece of its content."""

    def end_part(self) -> None:
        """Called when its content is complete."""

    def feed(self, piece: bytes) -> None:
        """Read the next bytes of the form; raises BadRequest, and what the subclass raises."""
        if self._preamble is not None:
            piece = self._preamble + piece
            at = (b"\r\n" + piece[: MAX_PREAMBLE_BYTES + len(self.delimiter)]).find(self.delimiter)
            if at < 0 and len(piece) <= MAX_PREAMBLE_BYTES:
                self._preamble = piece
                return
            if at < 0:
                raise self._no_boundary()
            self._preamble = None
            piece = piece[at:] if at else piece
        try:
            self._parser.write(piece)
        except (FormParserError, UnicodeError) as error:
            raise BadRequest(
                f"The form cannot be read: {error}.", "Let your HTTP library write it: its lines end with CR and LF."
            ) from error

    def finish(self) -> None:
        """Check that the form has come to its end; raises BadRequest."""
        if self._preamble is not None:
            raise self._no_boundary()
        if not self._complete:
            raise BadRequest("The form ends before its closing boundary.", "It was cut off, or is not complete: send all of it.")

    def _no_boundary(self) -> BadRequest:
        shown = self.delimiter[2:82].decode("latin-1")
        return BadRequest(f"The form has no line {shown!r}, as the boundary in its Content-Type says.", "Let your HTTP library write both.")

    def _callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": lambda data, start, end: self.take(data[start:end]),
            "on_part_end": self.end_part,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._headers: dict[str, str] = {}
        self._header = (bytearray(), bytearray())

    def _header_end(self) -> None:
        name, value = (bytes(part).decode("utf-8", "replace") for part in self._header)
        self._header = (bytearray(), bytearray())
        if (name := name.lower()) not in (_DISPOSITION, _CODING):
            return
        if name in self._headers:
            raise BadRequest(f"A part of the form has the header {name} twice.")
        self._headers[name] = value

    def _headers_end(self) -> None:
        part = Part()
        if written := self._headers.get(_DISPOSITION):
            parameters = parsed_header(_DISPOSITION, written).parameters
            part.name = parameters.get("name", "").strip()
            part.filename = parameters.get("filename")
        coding = self._headers.get(_CODING, "").strip().lower()
        part.is_base64 = coding == "base64"
        if not part.is_base64 and coding not in _PLAIN:
            raise UnsupportedCoding(
                f"A part of the form has the Content-Transfer-Encoding {coding[:80]!r}.",
                "Those that are taken are binary, 8bit, 7bit, base64.",
            )
        self.begin_part(part)

    def _finish(self) -> None:
        self._complete = True


_CHARSETS = ("", "us-ascii", "utf-8", "iso-8859-1")
"""Of a parameter (RFC 8187 has clients write UTF-8). Python knows more, and takes the square of the length for some."""


def _decoded(text: str | tuple[str | None, str | None, str]) -> str:
    """A parameter; raises ValueError for a character set that is none of those."""
    if isinstance(text, tuple) and (text[0] or "").lower() not in _CHARSETS:
        raise ValueError(text[0])
    return collapse_rfc2231_value(text)


def parsed_header(name: str, value: str) -> HeaderValue:
    """A header with parameters; raises BadRequest."""
    if value.count(";") > MAX_PARAMETERS:
        raise BadRequest(f"The header {name} has more than {MAX_PARAMETERS} parameters.")
    header = Message()
    header[name] = value.replace("\r", "").replace("\n", "")
    try:
        words = header.get_params([], header=name)
        return HeaderValue(words[0][0].lower() if words else "", {key: _decoded(text) for key, text in words[1:]})
    except (TypeError, ValueError) as error:  # email takes a header for well-formed
        raise BadRequest(f"The header {name} cannot be read: {value[:80]!r}.", "Let your HTTP library write the form.") from error
