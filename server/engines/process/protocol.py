"""What an engine process and its server say to one another: frames over a socket pair.

A frame is a header, a few words of JSON (`meta`) and bytes (`body`: an image, or the vendor's result) that are neither joined to the
header on their way out nor copied on their way in. The child answers what it has and ends when the server closes its half, or dies.
Valid Python 3.7 and the standard library only, since the vendor's Python reads it.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
from typing import Any, NamedTuple

START = 1  # server: meta is the configuration
STARTED = 2  # child: meta holds "places", the images it takes at once
REFUSED = 3  # child: meta holds "message" and "remedy", why it cannot start
IMAGE = 4  # server: body is an image; to the driver of streams meta is FULL where the scores of all classes are wanted
RESULT = 5  # child: the answer to the image of that number
BATCH = 6  # child: meta holds "images" and "padding" of a run of the model

FULL = "full"

MAGIC = b"AcF1"
HEADER = struct.Struct("<4sBxHIQ")
MAX_ANSWER_BYTES = 16 * 1024 * 1024
BUFFER_BYTES = 1024 * 1024  # so that an image is written at once and not in the turns of both processes


class BadMessage(Exception):
    """What came is no frame, or ends within one."""


class Message(NamedTuple):
    """One frame; `number` says which image it is about."""

    kind: int
    number: int
    meta: Any
    body: bytes


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets, for a server and its child."""
    pair = socket.socketpair()
    for end in pair:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
    return pair


def send_message(sock: socket.socket, kind: int, number: int = 0, meta: Any = None, body: bytes = b"") -> None:  # noqa: ANN401
    """Write a frame; raises OSError when nobody reads any more."""
    words = b"" if meta is None else json.dumps(meta, separators=(",", ":")).encode()
    head = HEADER.pack(MAGIC, kind, len(words), len(body), number) + words
    sent = sock.sendmsg([head, body])
    if sent < len(head):
        sock.sendall(head[sent:])
        sent = len(head)
    if sent < len(head) + len(body):
        sock.sendall(memoryview(body)[sent - len(head) :])


def receive_message(sock: socket.socket, max_body_bytes: int = sys.maxsize) -> Message | None:
    """The next frame, or None when the other side has closed; raises BadMessage, OSError."""
    head = _receive(sock, HEADER.size)
    if not head:
        return None
    if len(head) < HEADER.size:
        raise BadMessage("The stream ends within a frame.")
    magic, kind, meta_bytes, body_bytes, number = HEADER.unpack(head)
    if magic != MAGIC or not START <= kind <= BATCH:
        raise BadMessage(f"What came is no frame: {head!r}.")
    if body_bytes > max_body_bytes:
        raise BadMessage(f"A frame of {body_bytes} bytes is too large.")
    words, body = _receive(sock, meta_bytes), _receive(sock, body_bytes)
    if len(words) < meta_bytes or len(body) < body_bytes:
        raise BadMessage("The stream ends within a frame.")
    try:
        meta = json.loads(words.decode()) if words else None
    except ValueError:
        raise BadMessage("The words of a frame are not JSON.") from None
    return Message(kind, number, meta, body)


def _receive(sock: socket.socket, count: int) -> bytes:
    """So many bytes, fewer at the end; one allocation and no copy as long as nothing interrupts."""
    data = sock.recv(count, socket.MSG_WAITALL) if count else b""
    if len(data) == count or not data:
        return data
    pieces = [data]
    missing = count - len(data)
    while missing:
        piece = sock.recv(missing, socket.MSG_WAITALL)
        if not piece:
            break
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
