"""The form of a request to classify: a file whatever the name of its field, and the options."""

import re
from shlex import quote

from server.api.base64_text import decode_base64
from server.api.form_parts import FROM_BROWSERS, FormParts, HeaderValue, Part
from server.api.image_body import OPTIONS, ImageBody, too_many
from server.api.unknown_names import unknown_name
from server.errors import BadRequest
from server.images.foreign_formats import BASE64_BEGINNINGS
from server.images.inspection import is_picture

MAX_FIELD_BYTES = 1024
PIECE_BYTES = 256 * 1024
_IMAGE_NAMES = frozenset({"image", "images", "file", "files", "upload"})
"""Fields that hold an image even without a file name; that of a file may have any name but that of an option."""
_LIST = re.compile(r"\[\d{0,4}\]$")
_PATH = re.compile(r"(~?|\.{1,2}|[A-Za-z]:)[/\\].+|.*\.[A-Za-z]{3,4}")


def read_form(body: bytes, content_type: HeaderValue, limit: int) -> ImageBody:
    """The images in a form; raises BadRequest or UnsupportedCoding."""
    form = _ImageForm(content_type, limit)
    most = limit + len(OPTIONS) + 2 * len(FROM_BROWSERS) + 1
    if _count(body, form.delimiter) > most:  # the parser takes a step for each byte that looks like a boundary
        raise too_many("The form has parts for", limit)
    form.feed(body)
    form.finish()
    return form.found


def _count(body: bytes, delimiter: bytes) -> int:
    """How often a delimiter occurs. It is counted piece by piece, because other threads wait while Python searches: 2 ms a megabyte."""
    overlap = len(delimiter) - 1
    return sum(body.count(delimiter, start, start + PIECE_BYTES + overlap) for start in range(0, len(body), PIECE_BYTES))


def decoded(content: bytes) -> bytes:
    """The content of a data URL, as canvas.toDataURL writes it, or of a picture's base64; anything else as it is. Raises BadRequest."""
    is_text = content[:5].lower() == b"data:" or content.startswith(BASE64_BEGINNINGS)
    return decode_base64(content.decode("latin-1")) if is_text else content


def _refuse_path(name: str, content: bytes) -> None:
    """Raise BadRequest for the path of a file in place of its content: curl sends `image=a.jpg` as this text."""
    if len(content) > MAX_FIELD_BYTES or content.startswith((b"data:", *BASE64_BEGINNINGS)):
        return
    text = content.decode("utf-8", "replace").strip()
    if text.isprintable() and _PATH.fullmatch(text):
        raise BadRequest(
            f"The form field {name!r} holds the text {text!r}, not an image.", f"Send the file: curl -F {quote(f'{name}=@{text}')}"
        )


class _ImageForm(FormParts):
    """Collects the images and the options."""

    def __init__(self, content_type: HeaderValue, limit: int) -> None:
        super().__init__(content_type)
        self.found = ImageBody()
        self._limit = limit
        self._part = Part()
        self._content: list[bytes] = []

    def begin_part(self, part: Part) -> None:
        """Note its headers."""
        self._part, self._content = part, []

    def take(self, data: bytes) -> None:
        """Keep a piece of its content."""
        self._content.append(data)

    def end_part(self) -> None:
        """Decide by its name and its bytes what the part is."""
        name, filename, content = self._part.name, self._part.filename, b"".join(self._content)
        self._content = []
        if filename == "" and not content:
            return  # a file input that was left empty
        if self._part.is_base64:
            content = decode_base64(content.decode("latin-1"))
        if name in OPTIONS:
            self._option(name, content)
        elif filename or _LIST.sub("", name.lower()) in _IMAGE_NAMES or is_picture(content):
            if not filename:
                _refuse_path(name, content)
            self.found.images.append(decoded(content))
            if len(self.found.images) > self._limit:
                raise too_many("The form has", self._limit)
        elif name not in FROM_BROWSERS:
            raise unknown_name("The form field", name, ("image", *OPTIONS))

    def _option(self, name: str, content: bytes) -> None:
        if name in self.found.options:
            raise BadRequest(f"The form field {name!r} occurs twice.")
        if len(content) > MAX_FIELD_BYTES:
            raise BadRequest(f"The form field {name!r} has more than {MAX_FIELD_BYTES} bytes.", "It is a number.")
        if text := content.decode("utf-8", "replace").strip():  # a browser also sends an input that was left empty
            self.found.options[name] = text
