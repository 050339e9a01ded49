"""The body of a request, read within limits and split into images: raw, multipart or JSON."""

import asyncio
import binascii
import io
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import Message

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from starlette.requests import ClientDisconnect, Request

from server.api.request_context import ClientGone
from server.errors import BadRequest, BodyTooLarge
from server.serving.budgets import BodyHold
from server.settings import Settings

MAX_FIELD_BYTES = 1024
FIELDS = ("top_k", "timeout_ms")
MAX_PARAMETERS = 32
"""Parameters of a header: the time of email.message grows with their square."""
SMALL_BYTES = 1024 * 1024
"""A body up to this size is split on the event loop, which costs less than a thread; a larger one would delay other requests."""
_LARGE = ThreadPoolExecutor(1, "split")
"""Splits larger bodies one after another: while one is split, its parts are in memory beside it."""
DECODED_AT_ONCE = 256 * 1024
"""Characters of base64 per step, a multiple of four; the decoder does not release the interpreter."""


@dataclass(slots=True)
class ImageBody:
    """The encoded images of a request, in order, and the options from its body."""

    images: list[bytes] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)


class JsonImage(BaseModel):
    """The JSON form of a request: one image, or several."""

    model_config = ConfigDict(extra="forbid", strict=True)

    image: str = ""
    images: list[str] = Field(default_factory=list)
    top_k: int = 0
    timeout_ms: int = 0


async def read_body(request: Request, limit_bytes: int, hold: BodyHold) -> bytes:
    """The whole body; raises BodyTooLarge or Saturated as early as possible, without reading the rest."""
    refusal = BodyTooLarge(f"The body has more than {limit_bytes} bytes.", "Send a smaller image.")
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal():
        raise BadRequest(f"Content-Length is {declared!r}, not a number of bytes.")
    if int(declared) > limit_bytes:
        raise refusal
    hold.grow_to(int(declared))
    only = b""
    several = io.BytesIO()  # it gives its bytes without a copy; a list of pieces would need the memory twice when they are joined
    total_bytes = 0
    try:
        async for chunk in request.stream():
            total_bytes += len(chunk)
            if total_bytes > limit_bytes:
                raise refusal
            hold.grow_to(total_bytes)
            if len(chunk) == total_bytes:
                only = chunk
            elif chunk:
                several.write(only)
                several.write(chunk)
                only = b""
    except ClientDisconnect:
        raise ClientGone from None
    return only or several.getvalue()


async def read_images(request: Request, settings: Settings, limit: int, hold: BodyHold) -> ImageBody:
    """The images of a request, at most `limit`; raises BadRequest, BodyTooLarge or Saturated."""
    body = await read_body(request, settings.max_body_bytes, hold)
    kind = request.headers.get("content-type", "application/octet-stream")
    if body and kind.startswith("image/"):  # to parse the header takes as long as to check an image
        return ImageBody([body])
    content_type = parsed_header("content-type", kind)
    if len(body) <= SMALL_BYTES:
        found = split(body, content_type, limit)
    else:
        found = await asyncio.get_running_loop().run_in_executor(_LARGE, split, body, content_type, limit)
    if not found.images:
        raise BadRequest("The request has no image.", "Send it as the body, as the multipart field `image`, or as base64 in JSON.")
    if len(found.images) > limit:
        raise BadRequest(f"The request holds {len(found.images)} images; at most {limit} are allowed here.")
    return found


def split(body: bytes, content_type: Message, limit: int) -> ImageBody:
    """The images in a body; raises BadRequest."""
    match content_type.get_content_type():
        case "application/json":
            return _from_json(body, limit)
        case "multipart/form-data":
            return _from_multipart(body, content_type.get_boundary() or "", limit)
        case "application/x-www-form-urlencoded":
            raise BadRequest("A form without files has no image.", "Use curl -F image=@photo.jpg, or --data-binary with an image type.")
        case _:
            return ImageBody([body] if body else [])


def parsed_header(name: str, value: str) -> Message:
    """A header with parameters; raises BadRequest."""
    if value.count(";") > MAX_PARAMETERS:
        raise BadRequest(f"The header {name} has more than {MAX_PARAMETERS} parameters.")
    header = Message()
    header[name] = value.replace("\r", "").replace("\n", "")
    return header


def _from_json(body: bytes, limit: int) -> ImageBody:
    if body.count(b",") > 2 * limit + 8:  # no accepted body has more commas, and the parser would build an object for each
        raise BadRequest(f"The JSON body holds more than {limit} images, or values that are not images.")
    try:
        parsed = JsonImage.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "body"
        raise BadRequest(f"JSON body: {where}: {first['msg']}.", 'Send {"image": "<base64>"}.') from error
    given = parsed.model_fields_set
    texts = [parsed.image] if "image" in given else []
    options = {name: str(getattr(parsed, name)) for name in FIELDS if name in given}
    return ImageBody([_decode(text) for text in [*texts, *parsed.images]], options)


def _decode(text: str) -> bytes:
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        pieces = [binascii.a2b_base64(text[at : at + DECODED_AT_ONCE], strict_mode=True) for at in range(0, len(text), DECODED_AT_ONCE)]
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"The image is not base64: {error}.") from error
    if any(len(piece) < DECODED_AT_ONCE // 4 * 3 for piece in pieces[:-1]):
        raise BadRequest("The image is not base64: it is padded before its end.")
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class _Parts:
    """Collects the parts of a multipart body."""

    def __init__(self, limit: int) -> None:
        self.found = ImageBody()
        self._limit = limit
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._disposition: Mapping[str, str] = {}
        self._content: list[bytes] = []
        self._complete = False

    def callbacks(self) -> dict[str, object]:
        """The functions that the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._header_end,
            "on_part_data": lambda data, start, end: self._content.append(data[start:end]),
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._disposition, self._content = {}, []

    def _header_end(self) -> None:
        name, value = (bytes(part).decode("utf-8", "replace") for part in self._header)
        self._header = (bytearray(), bytearray())
        if name.lower() == "content-disposition":
            if self._disposition:
                raise BadRequest("A part of the multipart body has two Content-Disposition headers.")
            self._disposition = dict(parsed_header(name, value).get_params([], header=name))

    def _end(self) -> None:
        name, content = self._disposition.get("name", ""), b"".join(self._content)
        if name in ("image", "images"):
            self.found.images.append(content)
            if len(self.found.images) > self._limit:
                raise BadRequest(f"The request holds more than {self._limit} images.")
        elif name in self.found.options:
            raise BadRequest(f"The multipart field {name!r} occurs twice.")
        elif name in FIELDS and len(content) <= MAX_FIELD_BYTES:
            self.found.options[name] = content.decode("utf-8", "replace")
        else:
            raise BadRequest(f"The multipart field {name[:80]!r} is unknown.", "The fields are image, top_k and timeout_ms.")

    def _finish(self) -> None:
        self._complete = True

    @property
    def complete(self) -> bool:
        """Whether the closing boundary has arrived."""
        return self._complete


def _from_multipart(body: bytes, boundary: str, limit: int) -> ImageBody:
    delimiter = b"\r\n--" + boundary.encode("latin-1", "replace")
    if not boundary:
        raise BadRequest("The multipart body has no boundary.", "Let your HTTP library write the Content-Type.")
    if body.count(delimiter) > limit + len(FIELDS) + 1:  # the parser takes a step for each byte that looks like a boundary
        raise BadRequest(f"The multipart body has more parts than {limit} images and their options.")
    parts = _Parts(limit)
    try:
        parser = MultipartParser(boundary.encode("latin-1"), parts.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except (FormParserError, UnicodeEncodeError, ValueError) as error:
        raise BadRequest(f"The multipart body cannot be read: {error}.") from error
    if not parts.complete:
        raise BadRequest("The multipart body ends before its closing boundary.")
    return parts.found
