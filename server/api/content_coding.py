"""Unpacks a body with a Content-Encoding: in slices, off the event loop, and as its bytes say.

Whoever reads the body counts the unpacked bytes, so that a small body which unpacks to a large one ends at the same limit. A body that
is kept in memory is unpacked when all of it is there: else a client that sends the rest slowly would hold what it has not paid for.
"""

import asyncio
import zlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from starlette.types import Message, Receive, Scope

from server.errors import BadRequest, BodyTooLarge, UnsupportedCoding
from server.evaluation.dataset.allowance import MAX_RATIO, SPARE_BYTES
from server.images.inspection import is_picture
from server.serving.budgets import BodyHold

CODINGS = ("gzip", "deflate", "identity")
_SAME = {"x-gzip": "gzip"}
_AT_ONCE = 64 * 1024
"""Bytes per slice, packed or unpacked, whichever is reached first."""
_SNIFFED_BYTES = 18
_MAX_MEMBERS = 1000
"""Of a gzip body, which may be several, one behind the other: to begin one costs as much as to unpack kilobytes."""
_GZIP = 16 + zlib.MAX_WBITS
_REMEDY = "Send it without Content-Encoding, or pack it again."
_THREAD = ThreadPoolExecutor(1, "unpack")
"""One for all, in turns of a slice; zlib releases the interpreter."""


def unpacked(scope: Scope, receive: Receive, limit_bytes: int, hold: BodyHold | None = None) -> Receive:
    """A `receive` that gives the unpacked body, or the same one for a body as it is; raises UnsupportedCoding.

    With a hold it waits for the whole body, and holds what it has not unpacked yet. The new one raises BadRequest for a damaged body, and
    BodyTooLarge for more than `limit_bytes` of the packed one.
    """
    named = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"content-encoding"]
    if not named:
        return receive
    codings = [_SAME.get(coding, coding) for coding in map(str.strip, ",".join(named).split(",")) if coding not in ("", "identity")]
    for coding in codings:
        if coding not in CODINGS:
            raise UnsupportedCoding(f"The Content-Encoding {coding[:80]!r} is not taken.", f"Those that are: {', '.join(CODINGS)}.")
    if len(codings) > 1:
        raise UnsupportedCoding("The body has two codings, one over the other.", "Send it with one, or with none.")
    return _Unpacking(codings[0], receive, limit_bytes, hold) if codings else receive


class _Unpacking:
    """Takes the place of `receive`."""

    def __init__(self, coding: str, receive: Receive, limit_bytes: int, hold: BodyHold | None) -> None:
        self._coding = coding
        self._receive = receive
        self._limit_bytes = limit_bytes
        self._hold = hold
        self._packed_bytes = self._unpacked_bytes = 0
        self._waiting = deque[bytes]()  # pieces of a packed body that is kept
        self._packed, self._at = b"", 0  # what has arrived, and how much of it is unpacked
        self._more = True
        self._members = 0
        self._stream: zlib._Decompress | None = None  # of the current member
        self._in_clear = False

    async def __call__(self) -> Message:
        """The next piece of the unpacked body, or the disconnect."""
        loop = asyncio.get_running_loop()
        while True:
            if (self._stream or self._at < len(self._packed)) and (piece := await loop.run_in_executor(_THREAD, self._slice)):
                self._count(len(piece))
                return {"type": "http.request", "body": piece, "more_body": True}
            if self._waiting and not self._more:
                self._feed(self._waiting.popleft())
                continue
            if not self._more:
                self._check_end()
                return {"type": "http.request", "body": b"", "more_body": False}
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            self._more = message.get("more_body", False)
            await self._take(message.get("body", b""))

    async def _take(self, body: bytes) -> None:
        self._packed_bytes += len(body)
        if self._packed_bytes > self._limit_bytes:
            raise BodyTooLarge(f"The body has more than {self._limit_bytes} bytes.", "Send less at once.")
        if self._hold:
            await self._hold.arrive(len(body))
            self._waiting.append(body)
        else:
            self._feed(body)

    def _count(self, more_bytes: int) -> None:
        """Refuse an archive on its way to the disk that grows as no archive does: it would fill the disk for little."""
        self._unpacked_bytes += more_bytes
        if not self._hold and self._unpacked_bytes > MAX_RATIO * self._packed_bytes + SPARE_BYTES:
            raise BodyTooLarge(
                f"The {self._coding} body unpacks to more than {MAX_RATIO} times what was sent.", "Send the archive as it is."
            )

    def _feed(self, body: bytes) -> None:
        if self._hold:
            self._hold.shrink_by(len(body))
        self._packed, self._at = self._packed[self._at :] + body, 0

    def _slice(self) -> bytes:
        """Unpacked bytes; none if that needs more packed ones. Raises BadRequest."""
        while self._stream or self._begin():
            if not self._stream:
                return self._rest()
            piece = self._packed[self._at : self._at + _AT_ONCE]
            try:
                found = self._stream.decompress(piece, _AT_ONCE)
            except zlib.error as error:
                raise BadRequest(f"The {self._coding} body is damaged: {error}.", _REMEDY) from error
            self._at += len(piece) - len(self._stream.unconsumed_tail) - len(self._stream.unused_data)
            if self._stream.eof:
                self._stream, self._members = None, self._members + 1
            if found:
                return found
            if self._stream and self._at == len(self._packed):
                break
        return b""

    def _begin(self) -> bool:
        """Begin with what follows; whether enough of it is there. Its bytes decide: some proxies unpack a body and leave the header."""
        if self._members:
            self._packed, self._at = self._packed[self._at :].lstrip(b"\0"), 0
        head = self._packed[self._at : self._at + _SNIFFED_BYTES]
        if not head or self._in_clear:
            return bool(head)
        if len(head) < _SNIFFED_BYTES and (self._more or self._waiting):
            return False
        if head.startswith(b"\x1f\x8b"):
            self._stream = zlib.decompressobj(_GZIP)
        if self._members and (not self._stream or self._members > _MAX_MEMBERS):
            raise BadRequest(f"The {self._coding} body goes on behind its end.", _REMEDY)
        if self._stream:
            return True
        if is_picture(head) or (self._coding == "gzip" and head[:1] in (b"{", b"-")):
            self._in_clear = True
        elif head[0] & 15 == zlib.DEFLATED and int.from_bytes(head[:2]) % 31 == 0:
            self._stream = zlib.decompressobj(zlib.MAX_WBITS)
        elif self._coding == "deflate":
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        else:
            raise BadRequest("The body is not gzip, as Content-Encoding says.", _REMEDY)
        return True

    def _rest(self) -> bytes:
        rest, self._packed, self._at = self._packed[self._at :], b"", 0
        return rest

    def _check_end(self) -> None:
        if self._stream:
            raise BadRequest(f"The {self._coding} body ends before its end.", _REMEDY)
