"""A client that writes bytes and reads answers, and does nothing that it is not told."""

import json
import re
import socket
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

LAST = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def split_answers(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Status and body of the answers in a stream; an answer to HEAD has none, and the last one may be cut off."""
    while data:
        head, blank, rest = data.partition(b"\r\n\r\n")
        if not blank:
            return
        status = int(head.split(b" ", 2)[1])
        found = re.search(rb"\r\ncontent-length: (\d+)", head)
        length = int(found[1]) if found and not rest.startswith(b"HTTP/1.1 ") else 0
        if status >= 200 and len(rest) >= length:
            yield status, rest[:length]
        data = rest[length:]


class BareClient:
    """One connection."""

    def __init__(self, address: tuple[str, int], timeout_s: float = 20) -> None:
        self.socket = socket.create_connection(address, timeout_s)
        self.received = bytearray()
        self._ended = False

    def send(self, *pieces: bytes, pause_s: float = 0) -> Self:
        """Write; what a closed connection does not take is left out."""
        for piece in pieces:
            try:
                self.socket.sendall(piece)
            except OSError:
                break
            time.sleep(pause_s)
        return self

    def end(self) -> Self:
        """Send one request more, which asks for the connection's end; `answers` expects its answer and leaves it out."""
        self._ended = True
        return self.send(LAST)

    def answers(self) -> list[tuple[int, dict[str, Any]]]:
        """All statuses and JSON bodies until the server closes."""
        try:
            while data := self.socket.recv(65536):
                self.received += data
        except ConnectionError:
            pass  # reset, after it was told why
        found = [(status, json.loads(body) if body else {}) for status, body in split_answers(bytes(self.received))]
        if self._ended:
            status, body = found.pop() if found else (0, {})
            assert (status, body.get("status")) == (200, "live"), "the requests before the last one were not read to their ends"
        return found

    def codes(self) -> list[tuple[int, str | None]]:
        """The statuses and the codes of errors."""
        return [(status, body.get("code")) for status, body in self.answers()]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.socket.close()
