"""The messages between an engine process and its server: frames over two socket pairs, the second for large images.

A small image never waits behind a large one, which takes up to 0.2 s to arrive; answers come over the first pair.
A frame is a header, some JSON (`meta`) and bytes (`body`: an image, or the vendor's result). The body is not joined to the
header when sent and not copied when received. The child answers its images and ends when the server closes its half of the pair or dies.
Only Python 3.7 and the standard library, because the vendor's Python imports this module.
"""

from __future__ import annotations

import array
import contextlib
import json
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

START = 1  # server: meta is the configuration
# child: meta holds "places" and "decoders", the numbers of images it takes and decodes at once; "turns", if it turns by EXIF; "webp", if it
# reads that; "damage", if it fails a picture whose coded pixels are damaged
STARTED = 2
REFUSED = 3  # child: meta holds "message" and "remedy", why it cannot start
IMAGE = 4  # server: body is an image; to the driver of streams meta lists FULL if all scores are wanted, SLOW if it takes long to decode
RESULT = 5  # child: the answer to the image of that number
BATCH = 6  # child: meta holds "images" and "padding" of a run of the model

FULL, SLOW = "full", "slow"

MAGIC = b"AcF1"
HEADER = struct.Struct("<4sBxxxIIQ")
MAX_ANSWER_BYTES = 16 * 1024 * 1024
BUFFER_BYTES = 1024 * 1024  # large enough to write an image at once, without turns between the processes
LARGE_BYTES = BUFFER_BYTES  # an image with more goes over the second pair


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


def send_socket(sock: socket.socket, other: socket.socket) -> None:
    """Give another socket to the other side, before the first frame."""
    sock.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [other.fileno()]))])


def receive_socket(sock: socket.socket) -> socket.socket | None:
    """The socket that the other side gives, or None if it has closed."""
    number = array.array("i", [0])
    data, given, _, _ = sock.recvmsg(1, socket.CMSG_LEN(number.itemsize))
    if not data:
        return None
    other = socket.socket(fileno=array.array("i", given[0][2])[0])
    other.set_inheritable(False)
    return other


def receive_all(sock: socket.socket, large: socket.socket, take: Callable[[Message], None]) -> None:
    """Give all frames of both sockets to `take`, which two threads call, until both have ended; raises BadMessage, OSError."""
    faults: list[Exception] = []

    def receive(one: socket.socket, other: socket.socket) -> None:
        try:
            message = receive_message(one)
            while message is not None:
                take(message)
                message = receive_message(one)
        except Exception as fault:
            faults.append(fault)
            with contextlib.suppress(OSError):
                other.shutdown(socket.SHUT_RD)  # so that both threads end

    receiving = threading.Thread(target=receive, args=(large, sock), name="large", daemon=True)
    receiving.start()
    receive(sock, large)
    receiving.join()
    if faults:
        raise faults[0]


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
