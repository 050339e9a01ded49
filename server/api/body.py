"""The body of a request, read within limits and split into images. Its bytes decide whether it is an image, a form or JSON."""

import asyncio
import io
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

from starlette.types import Receive, Scope

from server.api.content_coding import unpacked
from server.api.form_parts import HeaderValue, parsed_header
from server.api.image_body import ImageBody, too_many
from server.api.image_form import decoded, read_form
from server.api.image_json import begins_like_json, read_json
from server.api.request_context import ClientGone
from server.errors import BadRequest, BodyTooLarge
from server.images.inspection import is_picture
from server.serving.budgets import BodyHold
from server.settings import Settings

SMALL_BYTES, SMALL_PACKED_BYTES = 1024 * 1024, 64 * 1024
"""A body up to this size is split on the event loop, which costs less than a thread; a larger one would delay other requests.

The second is for a body that came packed: it may be a thousand times what its client sent."""
_LARGE = ThreadPoolExecutor(1, "split")
"""Splits larger bodies one after another: while one is split, its parts are in memory beside it."""
MULTIPART = "multipart/form-data"
_FIELDS = re.compile(rb"[\w.%+*\[\]-]{1,64}=")
_FORM = re.compile(rb"(?:\r\n)?--([^\r\n]{1,70})\r\ncontent-", re.IGNORECASE)


async def read_body(scope: Scope, receive: Receive, limit_bytes: int, hold: BodyHold) -> bytes:
    """The whole body; raises BodyTooLarge or Saturated as early as possible, without reading the rest. The hold grows as it arrives."""
    declared = _header(scope, b"content-length", "0")
    if not declared.isdecimal():
        raise BadRequest(f"Content-Length is {declared!r}, not a number of bytes.")
    if int(declared) > limit_bytes:
        raise _too_large(limit_bytes)
    short = is_short(scope)
    hold.expect(int(declared), short=short)
    async with nullcontext() if short else hold.reading():
        return await _read(receive, limit_bytes, hold)


def is_short(scope: Scope) -> bool:
    """Whether the head announces a body of SMALL_BYTES at most, which will not grow by being unpacked."""
    declared = _header(scope, b"content-length", "")
    return declared.isdecimal() and 0 < int(declared) <= SMALL_BYTES and not _header(scope, b"content-encoding", "")


async def _read(receive: Receive, limit_bytes: int, hold: BodyHold) -> bytes:
    only = b""
    several = io.BytesIO()  # it gives its bytes without a copy; a list of pieces would need the memory twice when they are joined
    total_bytes, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk, more = message.get("body", b""), message.get("more_body", False)
        total_bytes += len(chunk)
        if total_bytes > limit_bytes:
            raise _too_large(limit_bytes)
        await hold.arrive(len(chunk))
        if total_bytes > SMALL_BYTES:
            await hold.take_turn()
        if len(chunk) == total_bytes:
            only = chunk
        elif chunk:
            several.write(only)
            several.write(chunk)
            only = b""
    return only or several.getvalue()


def is_small(scope: Scope, body_bytes: int) -> bool:
    """Whether so much of a body is taken apart on the event loop."""
    return body_bytes <= (SMALL_PACKED_BYTES if _header(scope, b"content-encoding", "") else SMALL_BYTES)


def _header(scope: Scope, name: bytes, default: str) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), default)


def _too_large(limit_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body has more than {limit_bytes} bytes.", "Send a smaller image.")


async def read_images(scope: Scope, receive: Receive, settings: Settings, limit: int, hold: BodyHold) -> ImageBody:
    """At most `limit` images, for which the hold is then; raises BadRequest, UnsupportedCoding, BodyTooLarge or Saturated."""
    limit_bytes = settings.max_body_bytes
    body = await read_body(scope, unpacked(scope, receive, limit_bytes, hold), limit_bytes, hold)
    if is_picture(body):  # to parse the header takes as long as to check an image
        return ImageBody([body])
    kind = _header(scope, b"content-type", "application/octet-stream")
    if is_small(scope, len(body)):
        found = split(body, kind, limit)
    else:
        found = await asyncio.get_running_loop().run_in_executor(_LARGE, split, body, kind, limit)
    if not found.images:
        raise BadRequest("The request has no image.", "Send it as the body, as the multipart field `image`, or as base64 in JSON.")
    if len(found.images) > limit:
        raise too_many("The request holds", limit)
    hold.shrink_to(sum(map(len, found.images)))
    return found


def split(body: bytes, kind: str, limit: int) -> ImageBody:
    """The images in a body that is not one itself. `kind` is its Content-Type. Raises BadRequest or UnsupportedCoding."""
    if begun := _FORM.match(body):  # whatever its type says: `curl -H "Content-Type: application/json" -F image=@photo.jpg`
        return read_form(body, HeaderValue(MULTIPART, {"boundary": begun[1].decode("latin-1")}), limit)
    content_type = parsed_header("content-type", kind)
    media_type = content_type.word
    if media_type == MULTIPART:
        return read_form(body, content_type, limit)
    if media_type == "application/json" or begins_like_json(body):
        return read_json(body, limit)
    if media_type == "application/x-www-form-urlencoded" and _FIELDS.match(body):
        raise BadRequest("A form without files has no image.", "Use curl -F image=@photo.jpg, or --data-binary @photo.jpg.")
    return ImageBody([decoded(body)] if body else [])
