"""Whether a connection outlives an answer that came before the end of the body."""

import pytest

from tests.server.bare_client import BareClient
from tests.server.process import ServerProcess


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        (b"Content-Length: 1000", True),
        (b"Content-Length: 9000000", False),
        (b"Transfer-Encoding: chunked", False),
        (b"Content-Length: 1000\r\nExpect: 100-continue", False),
    ],
)
def test_an_early_answer(fake_server: ServerProcess, header: bytes, kept: bool) -> None:
    with BareClient(fake_server.address) as client:
        client.send(b"POST /nothing HTTP/1.1\r\nHost: a\r\n" + header + b"\r\n\r\n")
        answer = client.socket.recv(4096)
        assert answer.startswith(b"HTTP/1.1 404")
        assert (b"\r\nconnection: close\r\n" not in answer) == kept
