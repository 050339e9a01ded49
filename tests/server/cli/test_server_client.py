"""The client of a server; the commands that use it are tested beside it, against real servers."""

from collections.abc import Iterator

import httpx
import pytest

from server.api.schemas import ErrorReply
from server.cli.server_client import MAX_ANSWER_BYTES, connect, parse, read_lines, read_whole, reason_of, refusal_of
from tests.server.process import ServerProcess


@pytest.mark.parametrize(
    "url", ["", "a:8000", "ftp://a", "http://", "http://a:port", "http://a?b", "http://a#b", "http://me@a", "http://[::1", "file:///etc"]
)
def test_urls_that_cannot_be_a_servers(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which URL it was, the caller says
        connect(url, None)


@pytest.mark.parametrize("url", ["http://a:1/before", "http://a:1/before/"])
def test_paths_go_below_the_url(url: str) -> None:
    with connect(url, "key") as client:
        request = client.build_request("POST", "/classify?top_k=1")
    assert (str(request.url), request.headers["x-api-key"]) == ("http://a:1/before/classify?top_k=1", "key")
    assert request.headers["accept-encoding"] == "identity"


def test_the_proxy_of_the_environment_is_not_asked(fake_server: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with connect(fake_server.url, None) as client:
        assert client.get("/health/live").status_code == 200


def answer(*pieces: bytes) -> httpx.Response:
    def body() -> Iterator[bytes]:
        yield from pieces

    return httpx.Response(200, content=body())


def test_lines_come_whole_and_long_ones_in_parts() -> None:
    assert list(read_lines(answer(b"a\r", b"\nb", b"b\xe2\x80\xa8b\n\nc"))) == [b"a\r\n", b"bb\xe2\x80\xa8b\n", b"\n", b"c"]
    assert list(read_lines(answer(b"a\n"))) == [b"a\n"]
    long = [b"x" * MAX_ANSWER_BYTES] * 3
    lines = list(read_lines(answer(*long)))
    assert b"".join(lines) == b"".join(long)
    assert max(map(len, lines)) <= 2 * MAX_ANSWER_BYTES


def test_an_answer_without_end_is_cut_off() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(100_000)

    assert len(read_whole(httpx.Response(200, content=endless()))) == MAX_ANSWER_BYTES
    assert taken == MAX_ANSWER_BYTES // 100_000 + 1


def test_a_url_with_a_route_behind_it_is_told(fake_server: ServerProcess) -> None:
    answer = fake_server.client.get("/classify/info")
    told, remedy = refusal_of(answer.status_code, answer.content)
    assert (told, remedy) == ("There is nothing at /classify/info.", "Name the server without a route behind it, as http://host:8000")
    known = fake_server.client.get("/evaluate/x")
    assert refusal_of(known.status_code, known.content) == ("There is no evaluation 'x'. GET /evaluate lists them.", "")


def test_what_is_read() -> None:
    refusal = ErrorReply(error="Busy.", code="saturated", request_id="1")
    assert reason_of(refusal.model_dump_json().encode()) == refusal
    assert reason_of(b"<html>") is None
    with pytest.raises(ValueError, match=r"^code: Field required\.$"):
        parse(ErrorReply, b'{"error": "x", "request_id": "1"}')
