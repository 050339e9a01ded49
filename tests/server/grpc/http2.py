"""gRPC calls as bare HTTP/2 frames, for what a client of gRPC does not send."""

import select
import socket
import struct
from types import TracebackType
from typing import Self

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 3, 4, 6, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
INITIAL_WINDOW_SIZE, INITIAL_WINDOW, LARGEST_FRAME, HEAD_BYTES = 4, 65_535, 16_384, 9


def frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    return struct.pack(">I", len(content))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + content


def field(name: bytes, value: bytes) -> bytes:
    """A literal header field without indexing (RFC 7541, 6.2.2)."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def request_head(path: bytes) -> bytes:
    head = field(b":method", b"POST") + field(b":scheme", b"http") + field(b":path", path) + field(b":authority", b"x")
    return head + field(b"content-type", b"application/grpc") + field(b"te", b"trailers")


def call(port: int, path: bytes, message: bytes = b"") -> bytes:
    """What the server sends until the end of the call's only stream, or of the connection."""
    content = b"\0" + struct.pack(">I", len(message)) + message
    sent = PREFACE + frame(SETTINGS, 0, 0, b"") + frame(HEADERS, END_HEADERS, 1, request_head(path)) + frame(DATA, END_STREAM, 1, content)
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(sent)
        while b"grpc-status" not in received and (piece := client.recv(65536)):
            received += piece
    return received


class SlowSender:
    """Calls on one connection, of whose messages everything is sent that the server takes, but the last byte."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.sendall(PREFACE + frame(SETTINGS, 0, 0, b""))
        self._received = b""
        self._room = {0: INITIAL_WINDOW}  # of the connection, and of each call
        self._initial = INITIAL_WINDOW
        self._left: dict[int, memoryview] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()

    def open(self, path: bytes, message_bytes: int) -> None:
        """Begin a call whose message is to have so many bytes."""
        stream = 2 * len(self._room) - 1
        self._socket.sendall(frame(HEADERS, END_HEADERS, stream, request_head(path)))
        self._room[stream] = self._initial
        self._left[stream] = memoryview(b"\0" + struct.pack(">I", message_bytes) + bytes(message_bytes - 1))

    def send_all(self, quiet_s: float) -> int:
        """Send until the server takes nothing more for a while; returns the bytes of messages that it took."""
        sent_bytes = 0
        while self._read(0 if (now := self._send()) else quiet_s) or now:
            sent_bytes += now
        return sent_bytes

    def _send(self) -> int:
        sent_bytes = 0
        for stream, left in list(self._left.items()):
            if size := max(0, min(len(left), self._room[stream], self._room[0], LARGEST_FRAME)):
                self._socket.sendall(frame(DATA, 0, stream, bytes(left[:size])))
                self._left[stream] = left[size:]
                self._room[stream] -= size
                self._room[0] -= size
                sent_bytes += size
        return sent_bytes

    def _read(self, wait_s: float) -> bool:
        """Take what the server sends; returns whether it sent anything."""
        if not select.select([self._socket], [], [], wait_s)[0]:
            return False
        self._received += self._socket.recv(1 << 16)
        while len(self._received) >= HEAD_BYTES:
            size, kind, flags, stream = struct.unpack(">IBBI", b"\0" + self._received[:HEAD_BYTES])
            if len(self._received) < HEAD_BYTES + size:
                break
            content, self._received = self._received[HEAD_BYTES : HEAD_BYTES + size], self._received[HEAD_BYTES + size :]
            self._take(kind, flags, stream, content)
        return True

    def _take(self, kind: int, flags: int, stream: int, content: bytes) -> None:
        if kind == WINDOW_UPDATE and stream in self._room:
            self._room[stream] += int.from_bytes(content, "big")
        elif kind == PING and not flags:
            self._socket.sendall(frame(PING, ACK, 0, content))
        elif kind == SETTINGS and not flags:
            for name, value in struct.iter_unpack(">HI", content):
                if name == INITIAL_WINDOW_SIZE:
                    more, self._initial = value - self._initial, value
                    self._room = {each: room + more if each else room for each, room in self._room.items()}
            self._socket.sendall(frame(SETTINGS, ACK, 0, b""))
        elif kind in (RST_STREAM, HEADERS):
            self._left.pop(stream, None)
