"""Every reply tells browsers what they may not do with it, on every way through the server."""

import httpx

from server.api.security_headers import FOR_ALL, FOR_PAGES, FRESH, security_headers
from tests.server.bare_client import BareClient
from tests.server.process import ServerProcess

WANTED = {name.decode(): value.decode() for name, value in FOR_PAGES}


def policy(response: httpx.Response) -> str:
    """The policy of a reply, which must have one, and each header once."""
    found = [name for name, _ in response.headers.multi_items()]
    assert {name: response.headers[name] for name in WANTED} == WANTED
    assert [found.count(name) for name in (*WANTED, "content-security-policy")] == [1, 1, 1]
    return response.headers["content-security-policy"]


def test_a_policy_and_a_word_on_caches_are_added_only_where_there_is_none() -> None:
    assert security_headers([(b"content-type", b"application/json")], "POST") == FOR_ALL
    assert security_headers([(b"content-type", b"application/json")], "GET") == FOR_ALL + FRESH
    assert security_headers([(b"content-security-policy", b"default-src 'self'"), (b"cache-control", b"no-store")], "GET") == FOR_PAGES


def test_no_cache_guesses(fake_server: ServerProcess) -> None:
    paths = ("/", "/web/words.js", "/docs-assets/swagger-ui.css", "/evaluate", "/models", "/status", "/nothing")
    replies = [fake_server.client.get(path) for path in paths]
    assert [reply.headers.get_list("cache-control") for reply in replies] == [["no-cache"]] * len(paths)
    again = fake_server.client.get("/web/words.js", headers={"If-None-Match": replies[1].headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_data_and_refusals_load_nothing(fake_server: ServerProcess) -> None:
    client = fake_server.client
    replies = [
        client.get(path) for path in ("/info", "/metrics", "/openapi.json", "/web/words.js", "/nothing", "/classify", "/health/ready")
    ]
    replies += [client.post("/classify", content=b"x"), client.post("/classify", content=b"x" * 400_000)]
    replies += [client.post("/evaluate", headers={"Origin": "http://evil.example"})]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 200, 404, 405, 200, 415, 413, 403]
    assert {policy(reply) for reply in replies} == {"default-src 'none'; frame-ancestors 'none'"}


def test_pages_load_only_what_is_ours(fake_server: ServerProcess) -> None:
    """But the page for photos may fetch a photo whose link a person gives it; nothing that is executed or shown comes from there."""
    for path, fetched in (("/", "'self' https: http:"), ("/docs", "'self'")):
        said = policy(fake_server.client.get(path))
        assert f" connect-src {fetched};" in said
        assert said.startswith("default-src 'none'; script-src 'self'")
        assert "frame-ancestors 'none'" in said
        assert "http" not in said.replace(fetched, "")
        assert "unsafe" not in said


def test_what_is_no_request_gets_them_too(fake_server: ServerProcess) -> None:
    with BareClient(fake_server.address) as client:
        assert client.send(b"nonsense\r\n\r\n").codes() == [(400, "bad_request")]
        for name, value in FOR_ALL:
            assert b"\r\n%b: %b\r\n" % (name, value) in client.received
