"""Which pages of other sites may read the answers."""

import httpx
import pytest

from server.api.cross_origins import CrossOrigins
from server.settings import SettingInvalid
from tests.level_model import level_png
from tests.server.bare_client import BareClient
from tests.server.process import ServerProcess

SHOP = "https://shop.example"


def test_how_origins_may_be_written() -> None:
    origins = CrossOrigins("https://Shop.example:443/, http://localhost:3000,http://[::1]:8000, chrome-extension://abc")
    for origin in (SHOP, "http://localhost:3000", "http://[::1]:8000", "chrome-extension://abc"):
        assert origins.names(origin), origin
    for origin in ("http://shop.example", "https://shop.example.evil", "https://a.shop.example", "http://localhost", "null", ""):
        assert not origins.names(origin), origin


@pytest.mark.parametrize(
    "listed", ["shop.example", "null", "https://shop.example/path", "https://*.example", "*,https://a", "https://a b", "https://u@a"]
)
def test_what_is_no_origin_is_refused(listed: str) -> None:
    with pytest.raises(SettingInvalid, match=r"CORS_ORIGINS: .* as https://shop\.example"):
        CrossOrigins(listed)


def test_headers() -> None:
    assert CrossOrigins("").headers({b"origin": b"https://shop.example"}) == ()
    told = dict(CrossOrigins(SHOP).headers({b"origin": b"https://shop.example"}))
    assert told[b"access-control-allow-origin"] == b"https://shop.example"
    assert told[b"vary"] == b"Origin"
    assert CrossOrigins(SHOP).headers({b"origin": b"https://other.example"}) == ((b"vary", b"Origin"),)
    assert dict(CrossOrigins("*").headers({}))[b"access-control-allow-origin"] == b"*"
    assert not CrossOrigins("*").names("https://shop.example")


def test_over_http() -> None:
    with ServerProcess(engines="fake", cors_origins=SHOP, api_key="s3cret", max_body_bytes=1000) as server:

        def asked(method: str, path: str, content: bytes = b"", key: str = "s3cret", **more: str) -> httpx.Response:
            headers = {"Origin": SHOP, "X-Api-Key": key} | {name.replace("_", "-"): value for name, value in more.items()}
            return server.client.request(method, path, content=content, headers=headers)

        for path in ("/classify", "/evaluate/x/report", "/nothing"):
            preflight = server.client.options(path, headers={"Origin": SHOP, "Access-Control-Request-Method": "POST"})
            assert (preflight.status_code, preflight.content) == (204, b"")
            assert preflight.headers["access-control-allow-origin"] == SHOP
            assert {"X-Api-Key", "Authorization", "Content-Type", "X-Request-Id"} <= set(
                preflight.headers["access-control-allow-headers"].split(", ")
            )
            assert {"POST", "DELETE", "PUT"} <= set(preflight.headers["access-control-allow-methods"].split(", "))
        replies = [
            asked("POST", "/classify", level_png(8)),
            asked("POST", "/classify", level_png(8), "wrong"),
            asked("GET", "/nothing"),
            asked("POST", "/classify", bytes(2000)),
            asked("POST", "/classify", b"x"),
            asked("OPTIONS", "/classify"),
            asked("GET", "/web/classify.js"),
        ]
        assert [reply.status_code for reply in replies] == [200, 401, 404, 413, 415, 405, 200]
        for reply in replies:
            assert reply.headers["access-control-allow-origin"] == SHOP
            assert {"X-Request-Id", "Retry-After"} <= set(reply.headers["access-control-expose-headers"].split(", "))
            assert "Origin" in reply.headers["vary"]
            assert "access-control-allow-credentials" not in reply.headers
        other = server.client.options("/classify", headers={"Origin": "https://other.example", "Access-Control-Request-Method": "POST"})
        assert (other.status_code, "access-control-allow-origin" in other.headers) == (401, False)
        with BareClient(server.address) as client:  # a refusal of the connection itself
            client.send(b"GET /%b HTTP/1.1\r\nHost: a\r\nOrigin: %b\r\nX: %b\r\n\r\n" % (b"a", SHOP.encode(), b"y" * 40_000))
            assert client.codes() == [(431, "headers_too_large")]
            assert b"\r\naccess-control-allow-origin: %b\r\n" % SHOP.encode() in client.received
