"""Heads that are malformed, endless or slow, and connections that say nothing."""

import time
from collections.abc import Callable

import pytest

from tests.level_model import level_png
from tests.server.bare_client import BareClient
from tests.server.process import ServerProcess
from tests.soak.http_requests import request

Connect = Callable[[], BareClient]

LIVE = request(b"GET", b"/health/live")
POST = b"POST /classify HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"rubbish\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: identity\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 99999999999999999999\r\n\r\n",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_malformed(connect: Connect, head: bytes) -> None:
    client = connect().send(head)
    [(status, body)] = client.answers()
    assert (status, body["code"]) == (400, "bad_request")
    assert set(body) == {"error", "code", "request_id"}
    assert f"\r\nx-request-id: {body['request_id']}\r\n".encode() in client.received
    assert b"\r\nconnection: close\r\n" in client.received
    assert b"\r\ncontent-type: application/json\r\n" in client.received


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", (414, "uri_too_long")),
        (b"GET /" + b"a" * 1_000_000, (414, "uri_too_long")),
        (b"GET /info?" + b"%4&" * 65 + b" HTTP/1.1\r\nHost: a\r\n\r\n", (400, "bad_request")),
        (LIVE[:-2] + b"A: b\r\n" * 100 + b"\r\n", (431, "headers_too_large")),
        (LIVE[:-2] + b"A: b\r\n" * 1_000_000, (431, "headers_too_large")),
        (LIVE[:-2] + b"A: " + b"b" * 33_000 + b"\r\n\r\n", (431, "headers_too_large")),
        (LIVE[:-2] + b"A: " + b"b" * 10_000_000, (431, "headers_too_large")),
        (LIVE[:-2] + b"A" * 10_000_000, (431, "headers_too_large")),
    ],
    ids=["url", "endless url", "query", "many", "endless", "large", "endless value", "endless name"],
)
def test_floods(connect: Connect, head: bytes, code: tuple[int, str]) -> None:
    assert connect().send(head).codes() == [code]


def test_empty_lines_without_end_get_nothing(connect: Connect) -> None:
    assert connect().send(*[b"\r\n" * 20_000] * 100).codes() == []


def test_large_headers_within_the_limits_are_read(connect: Connect) -> None:
    assert connect().send(LIVE[:-2] + b"A: " + b"b" * 30_000 + b"\r\n\r\n").end().codes() == [(200, None)]
    assert connect().send(LIVE[:-2] + b"A: b\r\n" * 90 + b"\r\n").end().codes() == [(200, None)]


def test_pipelined_requests_are_answered_in_order(connect: Connect) -> None:
    wanted = [f"id-{number}" for number in range(20)]
    client = connect().send(*(request(b"GET", b"/health/live", b"", b"X-Request-Id: " + one.encode()) for one in wanted)).end()
    assert client.codes() == [(200, None)] * 20
    lines = client.received.decode().split("\r\n")
    assert [line.removeprefix("x-request-id: ") for line in lines if line.startswith("x-request-id")][:20] == wanted


def test_a_refusal_waits_for_the_answers_before_it(connect: Connect) -> None:
    assert connect().send(LIVE * 3 + b"rubbish\r\n\r\n" + LIVE).codes() == [(200, None)] * 3 + [(400, "bad_request")]


def test_requests_ahead_have_a_limit(connect: Connect) -> None:
    codes = connect().send(LIVE * 5000).codes()
    assert codes == [(200, None)] * (len(codes) - 1) + [(400, "bad_request")]
    assert 30 < len(codes) < 5000


def test_slow_heads_and_silent_connections_are_ended(connect: Connect) -> None:
    silent, slow, idle = connect(), connect(), connect().send(LIVE)
    began_s = time.monotonic()
    slow.send(*(bytes([byte]) for byte in LIVE[:-4]), pause_s=0.05)
    assert slow.codes() == [(408, "request_timeout")]
    assert silent.codes() == []
    assert idle.codes() == [(200, None)]
    assert time.monotonic() - began_s < 10


def test_connections_have_a_limit(strict_server: ServerProcess, connect: Connect) -> None:
    clients = [connect() for _ in range(420)]
    codes = [code for client in clients for code in client.codes()]
    assert 5 <= codes.count((503, "too_many_connections")) == len(codes) <= 25
    assert strict_server.metric("classify_rejected_total", reason="too_many_connections") == len(codes)


def test_refusals_are_counted(strict_server: ServerProcess, connect: Connect) -> None:
    before = strict_server.metric("classify_rejected_total", reason="uri_too_long")
    connect().send(b"GET /" + b"a" * 9000).codes()
    assert strict_server.metric("classify_rejected_total", reason="uri_too_long") == before + 1
    assert strict_server.metric("classify_http_requests_total", endpoint="other", method="other", code="414") >= before + 1


def test_256_idle_connections_disturb_nobody(strict_server: ServerProcess, connect: Connect) -> None:
    clients = [connect().send(LIVE) for _ in range(256)]
    assert strict_server.client.get("/health/ready").status_code == 200
    assert [client.codes() for client in clients] == [[(200, None)]] * 256  # and after KEEP_ALIVE_S they are closed


def test_blanks_around_values_and_names_in_any_case(connect: Connect) -> None:
    """RFC 9110, 5.5: blanks around a value are not part of it."""
    image = level_png(8)
    lines = b"transfer-ENCODING: \t chunked \r\ncontent-type:image/png  \r\nExpect:  100-Continue \r\n"
    client = connect().send(b"PUT /classify HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(image), image))
    assert client.socket.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(POST + b"Content-Length: %d \r\nContent-Encoding:identity \r\n\r\n" % len(image) + image)
    assert client.end().codes() == [(200, None), (200, None)]
