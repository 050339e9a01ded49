"""Bodies that are too long, too short, late, or not wanted."""

import contextlib
import socket
from collections.abc import Callable

import pytest

from tests.level_model import level_png
from tests.server.bare_client import BareClient
from tests.server.process import ServerProcess
from tests.soak.http_requests import BOUNDARY, form, request

Connect = Callable[[], BareClient]

POST = b"POST /classify HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
FORM = b"Content-Type: multipart/form-data; boundary=" + BOUNDARY
LIVE = request(b"GET", b"/health/live")
IMAGE = level_png(40)
IN_FLIGHT_BYTES = 16 * 1024 * 1024  # what the buffers of two sockets hold at most, and the megabyte that is dropped


def bytes_taken(client: BareClient) -> int:
    """How much the server, and the buffers on the way, take before the connection is reset."""
    sent_bytes = 0
    with contextlib.suppress(ConnectionError):
        while sent_bytes < 200_000_000:
            sent_bytes += client.socket.send(bytes(65536))
    return sent_bytes


def test_an_empty_body_holds_no_image(connect: Connect) -> None:
    assert connect().send(request(b"POST", b"/classify"), POST + b"\r\n", LIVE).end().codes() == [
        (400, "bad_request"),
        (400, "bad_request"),
        (200, None),
    ]


def test_a_short_body_is_waited_for_and_then_refused(connect: Connect) -> None:
    assert connect().send(POST + b"Content-Length: 10\r\n\r\nabc").codes() == [(408, "request_timeout")]
    assert connect().send(CHUNKED + b"3\r\nab").codes() == [(408, "request_timeout")]


def test_a_client_that_ends_its_sending_is_gone(strict_server: ServerProcess, connect: Connect) -> None:
    before = strict_server.metric("classify_http_requests_total", endpoint="/classify", method="POST", code="499")
    client = connect().send(POST + b"Content-Length: 10\r\n\r\nabc")
    client.socket.shutdown(socket.SHUT_WR)
    assert client.codes() == []
    assert strict_server.metric("classify_http_requests_total", endpoint="/classify", method="POST", code="499") == before + 1


def test_what_follows_a_body_is_the_next_request(connect: Connect) -> None:
    long = request(b"POST", b"/classify", IMAGE) + b"more than was announced"
    assert connect().send(long).codes() == [(200, None), (400, "bad_request")]


@pytest.mark.parametrize("framing", [b"Content-Length: 200000000", b"Transfer-Encoding: chunked"])
def test_200_megabytes_are_refused_early(connect: Connect, framing: bytes) -> None:
    client = connect()
    client.send(POST + framing + b"\r\n\r\n")
    piece = b"%x\r\n%b\r\n" % (65536, bytes(65536)) if b"chunked" in framing else bytes(65536)
    sent_bytes = 0
    client.socket.settimeout(0)
    while b"\r\n\r\n" not in client.received and sent_bytes < 200_000_000:
        try:
            client.received += client.socket.recv(65536)
        except BlockingIOError:
            try:
                sent_bytes += client.socket.send(piece[sent_bytes % len(piece) :])
            except BlockingIOError:
                continue
            except BrokenPipeError:  # the answer is there, between the two calls
                break
    client.socket.settimeout(10)
    assert client.codes() == [(413, "body_too_large")]
    assert sent_bytes < IN_FLIGHT_BYTES + (0 if b"Length" in framing else 20 * 1024 * 1024)


def test_the_rest_of_a_refused_body_is_not_read_to_its_end(connect: Connect) -> None:
    client = connect().send(POST + b"Content-Length: 200000000\r\n\r\n")
    assert client.socket.recv(12) == b"HTTP/1.1 413"
    assert bytes_taken(client) < IN_FLIGHT_BYTES


def test_a_small_rest_is_dropped_and_the_connection_kept(connect: Connect) -> None:
    client = connect().send(b"POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
    assert client.socket.recv(12) == b"HTTP/1.1 404"
    client.received += b"HTTP/1.1 404"
    assert client.send(bytes(100_000), LIVE).end().codes() == [(404, "not_found"), (200, None)]


def test_a_body_is_asked_for_only_if_it_is_wanted(connect: Connect) -> None:
    expecting = POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    client = connect().send(expecting % 21_000_000)
    assert client.codes() == [(413, "body_too_large")]
    assert b"\r\nconnection: close\r\n" in client.received
    client = connect().send(expecting % len(IMAGE))
    assert client.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert client.send(IMAGE).end().codes() == [(200, None)]


def test_an_upgrade_is_declined_and_the_body_kept(connect: Connect) -> None:
    """So do `curl --http2` and Java's HttpClient with every request."""
    wish = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk"
    upgrade = request(b"POST", b"/classify", IMAGE, wish)
    chunked = POST + wish + b"\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(IMAGE), IMAGE)
    assert connect().send(upgrade + LIVE + upgrade + chunked).end().codes() == [(200, None)] * 4
    assert connect().send(upgrade[:-1], upgrade[-1:] + chunked[:-9], chunked[-9:], pause_s=0.02).end().codes() == [(200, None)] * 2
    assert connect().send(b"GET /health/live HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").codes() == [(200, None)]
    assert connect().send(request(b"POST", b"/classify", IMAGE, b"Connection: close, Upgrade", b"Upgrade: h2c")).codes() == [(200, None)]


def test_a_read_full_of_upgrades(connect: Connect) -> None:
    codes = connect().send(request(b"GET", b"/health/live", b"", b"Connection: upgrade", b"Upgrade: h2c") * 2000).codes()
    assert codes == [(200, None)] * (len(codes) - 1) + [(400, "bad_request")]


@pytest.mark.parametrize(
    "chunks",
    [
        b"5\r\nab\r\n0\r\n\r\n",
        b"x\r\n",
        b"-1\r\n\r\n",
        b"fffffffffffffffff\r\n",
        b"1\r\na\r\n" * 50_000,
        b"1;" + b"x" * 200_000,
        b"0\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"0\r\nA: " + b"x" * 200_000,
    ],
    ids=["short", "no number", "negative", "huge", "tiny", "extension", "trailers", "trailer"],
)
def test_chunks_that_cannot_be(connect: Connect, chunks: bytes) -> None:
    [(status, code)] = (
        connect().send(CHUNKED, *(chunks[start : start + 50_000] for start in range(0, len(chunks), 50_000)), pause_s=0.02).codes()
    )
    assert (status, code) in ((400, "bad_request"), (431, "headers_too_large"))


def test_a_field_that_comes_twice_is_refused(connect: Connect) -> None:
    image, top_k = (b'name="image"', IMAGE), (b'name="top_k"', b"3")
    twice = request(b"POST", b"/classify", form(image, image), FORM), request(b"POST", b"/classify", form(image, top_k, top_k), FORM)
    assert connect().send(*twice, request(b"POST", b"/classify?top_k=1&top_k=2", IMAGE)).end().codes() == [(400, "bad_request")] * 3


@pytest.mark.parametrize(
    "filename",
    [
        b'filename="\xe7\x8c\xab.png"',
        b"filename*=UTF-8''%e7%8c%ab.png",
        b'filename="\xff\xfe"',
        b'filename="a;b=\\"c\\".png"',
        b"filename",
        b'filename*0="a"; filename*1="b"',
    ],
)
def test_a_file_name_can_be_anything(connect: Connect, filename: bytes) -> None:
    client = connect().send(request(b"POST", b"/classify", form((b'name="image"; ' + filename, IMAGE)), FORM))
    assert client.end().codes() == [(200, None)]


def test_a_client_that_takes_nothing_of_its_answer_is_dropped(connect: Connect) -> None:
    client = connect()
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.send(request(b"GET", b"/docs-assets/swagger-ui-bundle.js") * 10)
    assert bytes_taken(client) < IN_FLIGHT_BYTES
