"""The body of a request, read within limits and split into images: raw, multipart or JSON."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from starlette.requests import Request

from server.errors import BadRequest, BodyTooLarge
from server.settings import Settings

MAX_FIELD_BYTES = 1024


@dataclass(slots=True)
class ImageBody:
    """The encoded images of a request, in order, and the options that came with them in the body."""

    images: list[bytes] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)


class JsonImage(BaseModel):
    """The JSON form of a request: one image, or several."""

    model_config = ConfigDict(extra="forbid")

    image: str | None = None
    images: list[str] = Field(default_factory=list)
    top_k: int | None = None
    timeout_ms: int | None = None


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The whole body; raises BodyTooLarge as soon as it is known to be too large, without reading the rest."""
    refusal = BodyTooLarge(f"The body has more than {limit_bytes} bytes.", "Send a smaller image.")
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal():
        raise BadRequest(f"Content-Length is {declared!r}.")
    if int(declared) > limit_bytes:
        raise refusal
    chunks: list[bytes] = []
    total_bytes = 0
    async for chunk in request.stream():
        total_bytes += len(chunk)
        if total_bytes > limit_bytes:
            raise refusal
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def read_images(request: Request, settings: Settings, limit: int) -> ImageBody:
    """The images of a request, at most `limit`; raises BadRequest or BodyTooLarge."""
    body = await read_body(request, settings.max_body_bytes)
    content_type = Message()
    content_type["content-type"] = request.headers.get("content-type", "application/octet-stream")
    match content_type.get_content_type():
        case "application/json":
            found = _from_json(body)
        case "multipart/form-data":
            found = _from_multipart(body, content_type.get_boundary() or "", limit)
        case "application/x-www-form-urlencoded":
            raise BadRequest("A form without files holds no image.", "Use curl -F image=@photo.jpg, or --data-binary with an image type.")
        case _:
            found = ImageBody([body])
    if not found.images:
        raise BadRequest("The request holds no image.", "Send it as the body, as the multipart field `image`, or as base64 in JSON.")
    if len(found.images) > limit:
        raise BadRequest(f"The request holds {len(found.images)} images; at most {limit} are taken here.")
    return found


def _from_json(body: bytes) -> ImageBody:
    try:
        parsed = JsonImage.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "body"
        raise BadRequest(f"JSON body: {where}: {first['msg']}.", 'Send {"image": "<base64>"}.') from error
    texts = [parsed.image] if parsed.image is not None else []
    options = {name: str(value) for name, value in (("top_k", parsed.top_k), ("timeout_ms", parsed.timeout_ms)) if value is not None}
    return ImageBody([_decode(text) for text in [*texts, *parsed.images]], options)


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"The image is not base64: {error}.") from error


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
        """What the parser calls."""
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
            header = Message()
            header["content-disposition"] = value.replace("\r", "").replace("\n", "")
            self._disposition = dict(header.get_params([], header="content-disposition"))

    def _end(self) -> None:
        name, content = self._disposition.get("name", ""), b"".join(self._content)
        if name in ("image", "images"):
            self.found.images.append(content)
            if len(self.found.images) > self._limit:
                raise BadRequest(f"The request holds more than {self._limit} images.")
        elif name in ("top_k", "timeout_ms") and len(content) <= MAX_FIELD_BYTES:
            self.found.options[name] = content.decode("utf-8", "replace")
        else:
            raise BadRequest(f"The multipart field {name[:80]!r} is not known.", "Fields are image, top_k and timeout_ms.")

    def _finish(self) -> None:
        self._complete = True

    @property
    def complete(self) -> bool:
        """Whether the closing boundary has been seen."""
        return self._complete


def _from_multipart(body: bytes, boundary: str, limit: int) -> ImageBody:
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
