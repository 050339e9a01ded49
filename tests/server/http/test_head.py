"""The head; over sockets it is tested in tests/server/hostile."""

import pytest
from httptools import HttpParserError, HttpRequestParser

from server.errors import BadRequest, HeadersTooLarge, ServiceError, UriTooLong
from server.http.head import Head, uvicorns_parser
from server.http.limits import MAX_HEAD_BYTES, MAX_HEADERS, MAX_PARAMETERS, MAX_URL_BYTES

HOST = (b"host", b"a")


def check(*headers: tuple[bytes, bytes], version: str = "1.1", method: bytes = b"POST") -> Head:
    head = Head()
    for name, value in headers:
        if name != b"x":
            head.note(name, value)
    head.check(method, version, list(headers))
    return head


def test_what_is_remembered() -> None:
    assert check(HOST).content_length == 0
    assert check(HOST, (b"content-length", b"7")).content_length == 7
    assert check(HOST, (b"transfer-encoding", b"Chunked")).content_length is None
    assert check(HOST, (b"expect", b"100-Continue")).expects_continue
    assert not check((b"expect", b"100-continue"), version="1.0").expects_continue


@pytest.mark.parametrize(
    ("headers", "version", "method", "error"),
    [
        ([], "1.1", b"GET", BadRequest),
        ([HOST, HOST], "1.1", b"GET", BadRequest),
        ([HOST], "2.0", b"GET", BadRequest),
        ([HOST], "1.1", b"CONNECT", BadRequest),
        ([HOST, (b"transfer-encoding", b"gzip, chunked")], "1.1", b"POST", BadRequest),
        ([(b"transfer-encoding", b"chunked")], "1.0", b"POST", BadRequest),
        ([HOST, (b"x", bytes(MAX_HEAD_BYTES))], "1.1", b"GET", HeadersTooLarge),
    ],
)
def test_refusals(headers: list[tuple[bytes, bytes]], version: str, method: bytes, error: type[ServiceError]) -> None:
    with pytest.raises(error):
        check(*headers, version=version, method=method)


def test_urls_and_trailers_have_limits() -> None:
    head = Head()
    head.check_url(b"a" * MAX_URL_BYTES)
    with pytest.raises(UriTooLong):
        head.check_url(b"a" * (MAX_URL_BYTES + 1))
    head.check_url(b"/?" + b"&".join([b"a"] * MAX_PARAMETERS))
    with pytest.raises(BadRequest, match="more than 64 parameters"):
        head.check_url(b"/?" + b"&".join([b"a"] * (MAX_PARAMETERS + 1)))
    for _ in range(MAX_HEADERS):
        head.count_trailer()
    with pytest.raises(HeadersTooLarge):
        head.count_trailer()


def test_what_follows_a_last_request_is_read_as_uvicorn_reads_it() -> None:
    last = b"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n"
    uvicorns_parser(object()).feed_data(last * 2)
    with pytest.raises(HttpParserError):
        HttpRequestParser(object()).feed_data(last * 2)


def test_the_wish_for_another_protocol_is_left_out() -> None:
    parser = HttpRequestParser(object())
    parser.feed_data(b"GET /x HTTP/1.0\r\n")
    headers = [HOST, (b"upgrade", b"h2c"), (b"connection", b"upgrade")]
    assert Head.without_upgrade(parser, b"/x", headers) == b"GET /x HTTP/1.0\r\nhost: a\r\nconnection: upgrade\r\n\r\n"
