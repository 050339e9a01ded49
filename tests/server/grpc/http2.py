"""A gRPC call as bare HTTP/2 frames, for what a client of gRPC does not send."""

import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS = 0, 1, 4
END_STREAM, END_HEADERS = 1, 4


def frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    return struct.pack(">I", len(content))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + content


def field(name: bytes, value: bytes) -> bytes:
    """A literal header field without indexing (RFC 7541, 6.2.2)."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def call(port: int, path: bytes, message: bytes = b"") -> bytes:
    """What the server sends until the end of the call's only stream, or of the connection."""
    head = field(b":method", b"POST") + field(b":scheme", b"http") + field(b":path", path) + field(b":authority", b"x")
    head += field(b"content-type", b"application/grpc") + field(b"te", b"trailers")
    content = b"\0" + struct.pack(">I", len(message)) + message
    sent = PREFACE + frame(SETTINGS, 0, 0, b"") + frame(HEADERS, END_HEADERS, 1, head) + frame(DATA, END_STREAM, 1, content)
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(sent)
        while b"grpc-status" not in received and (piece := client.recv(65536)):
            received += piece
    return received
