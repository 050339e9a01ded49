"""The connection adds limits to uvicorn's. Tests with hostile clients are in tests/server/hostile."""

from uvicorn.protocols.http import httptools_impl

from server.http.connection import Connection
from tests.server.bare_client import BareClient
from tests.server.process import ServerProcess
from tests.soak.http_requests import request


def test_it_is_uvicorns_with_its_callbacks() -> None:
    """Uvicorn is pinned; this says which of its names we stand on."""
    for name in ("_start_asgi_task", "on_message_begin", "connection_lost", "pause_writing", "resume_writing"):
        assert hasattr(httptools_impl.HttpToolsProtocol, name)
    assert issubclass(Connection, httptools_impl.HttpToolsProtocol)


def test_every_form_of_a_target(fake_server: ServerProcess) -> None:
    targets = (b"/health/live", b"/health/live?a=b#c", b"http://a/health/live", b"/health%2flive", b"*", b"http://a")
    with BareClient(fake_server.address) as client:
        client.send(*(request(b"GET", target) for target in targets[:5])).end()
        assert [status for status, _ in client.answers()] == [200, 200, 200, 200, 404]


def test_http_1_0_is_answered_and_closed(fake_server: ServerProcess) -> None:
    with BareClient(fake_server.address) as client:
        assert client.send(b"GET /health/live HTTP/1.0\r\n\r\n").codes() == [(200, None)]
