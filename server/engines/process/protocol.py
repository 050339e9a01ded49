"""The messages between an engine process and its server: frames over a socket pair.

A frame is a header, some JSON (`meta`) and bytes (`body`: an image, or the vendor's result). The body is not joined to the
header when sent and not copied when received. The child answers its images and ends when the server closes its half of the pair or dies.
Only Python 3.7 and the standard library, because the vendor's Python imports this module.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
from typing import Any, NamedTuple

START = 1  # server: meta is the configuration
STARTED = 2  # child: meta holds "places" and "decoders", the numbers of images it takes and decodes at once
REFUSED = 3  # child: meta holds "message" and "remedy", why it cannot start
IMAGE = 4  # server: body is an image; to the driver of streams meta is FULL if all scores are wanted, SLOW if it takes long to decode
RESULT = 5  # child: the answer to the image of that number
BATCH = 6  # child: meta holds "images" and "padding" of a run of the model

FULL, SLOW = "full", "slow"

MAGIC = b"AcF1"
HEADER = struct.Struct("<4sBxHIQ")
MAX_ANSWER_BYTES = 16 * 1024 * 1024
BUFFER_BYTES = 1024 * 1024  # large enough to write an image at once, without turns between the processes


class BadMessage(Exception):
    """The received bytes are not a frame, or end within one."""


class Message(NamedTuple):
    """One frame; `number` is the number of its image."""

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
    """Write a frame; raises OSError if the other side does not read any more."""
    words = b"" if meta is None else json.dumps(meta, separators=(",", ":")).encode()
    head = HEADER.pack(MAGIC, kind, len(words), len(body), number) + words
    sent = sock.sendmsg([head, body])
    if sent < len(head):
        sock.sendall(head[sent:])
        sent = len(head)
    if sent < len(head) + len(body):
        sock.sendall(memoryview(body)[sent - len(head) :])


def receive_message(sock: socket.socket, max_body_bytes: int = sys.maxsize) -> Message | None:
    """The next frame, or None if the other side has closed; raises BadMessage, OSError."""
    head = _receive(sock, HEADER.size)
    if not head:
        return None
    if len(head) < HEADER.size:
        raise BadMessage("The stream ends within a frame.")
    magic, kind, meta_bytes, body_bytes, number = HEADER.unpack(head)
    if magic != MAGIC or not START <= kind <= BATCH:
        raise BadMessage(f"The received bytes are not a frame: {head!r}.")
    if body_bytes > max_body_bytes:
        raise BadMessage(f"A frame of {body_bytes} bytes is too large.")
    words, body = _receive(sock, meta_bytes), _receive(sock, body_bytes)
    if len(words) < meta_bytes or len(body) < body_bytes:
        raise BadMessage("The stream ends within a frame.")
    try:
        meta = json.loads(words.decode()) if words else None
    except ValueError:
        raise BadMessage("The meta of a frame is not JSON.") from None
    return Message(kind, number, meta, body)


def _receive(sock: socket.socket, count: int) -> bytes:
    """Receive so many bytes, fewer at the end; with one allocation and, without interruption, no copy."""
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
