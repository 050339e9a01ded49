"""One request and its answer: the pieces of a body, one write for a head and its body, and what outlives an early answer."""

import asyncio
from typing import cast

import pytest

from server.http.cycle import Cycle, CycleTransport
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


class Written:
    """The part of a transport that is written to."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.write = self.pieces.append

    def is_closing(self) -> bool:
        return False


@pytest.mark.parametrize(("holds_head", "written"), [(True, [b"headbody", b"more"]), (False, [b"head", b"body", b"more"])])
def test_a_head_that_is_held_goes_out_with_the_body(holds_head: bool, written: list[bytes]) -> None:
    found = Written()
    transport = CycleTransport(cast("asyncio.Transport", found), lambda: None)
    transport.holds_head = holds_head
    for piece in (b"head", b"body", b"more"):
        transport.write(piece)
    assert found.pieces == written


@pytest.mark.parametrize("pieces", [[], [b"one"], [b"one", b"two"], [b"one", b"two", b"three"]])
def test_the_pieces_of_a_body_come_together(pieces: list[bytes]) -> None:
    cycle = Cycle.__new__(Cycle)
    cycle.body = bytearray()
    for piece in pieces:
        cycle.add(piece)
    assert bytes(cycle.body) == b"".join(pieces)


def test_the_answer_to_head_has_a_length_and_no_body(fake_server: ServerProcess) -> None:
    with BareClient(fake_server.address) as client:
        client.send(b"HEAD /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.socket.recv(4096).startswith(b"HTTP/1.1 200")
