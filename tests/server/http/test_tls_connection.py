"""What ends a connection ends one over TLS, too, where no side can close only its own half; and the others of the server go on."""

import shutil
import socket
import ssl
from pathlib import Path

import pytest

from server.http.limits import DISCARD_BYTES
from tests.server.certificate import make_certificate
from tests.server.http.test_overload import SLOW, answer, full, refused_once, request
from tests.server.process import ServerProcess

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate: apt install openssl")
HALF = b"POST /classify HTTP/1.1\r\nHost: x\r\n"
LARGE = HALF + b"Content-Length: %d\r\n\r\n"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


def connected(server: ServerProcess, trusted: ssl.SSLContext) -> socket.socket:
    host, _, port = server.url.removeprefix("https://").partition(":")
    return trusted.wrap_socket(socket.create_connection((host, int(port)), timeout=10), server_hostname=host)


def ended(client: socket.socket) -> bool:
    """Whether the server ends the connection; without a word of TLS where it does not wait for the client."""
    try:
        return client.recv(1) == b""
    except (ssl.SSLEOFError, ConnectionError):
        return True


def is_refused(client: socket.socket) -> bool:
    """Whether there is an answer, which is a refusal then; a head that came between two images of a full window waits for its body."""
    client.settimeout(2)
    try:
        status, headers, _ = answer(client)
    except TimeoutError:
        return False
    client.settimeout(10)
    assert (status, headers["connection"]) == (429, "close")
    return True


def test_each_half_of_a_head_and_each_large_body_is_answered_and_ended(pair: tuple[Path, Path]) -> None:
    cert, key = pair
    trusted = ssl.create_default_context(cafile=str(cert))
    with ServerProcess(engines="fake", tls_cert=cert, tls_key=key, client_timeout_s=1, max_body_bytes=1000) as server:
        for sent, status in ((LARGE % (2 * DISCARD_BYTES), 413), (HALF, 408), (HALF, 408)):
            with connected(server, trusted) as client:
                client.sendall(sent)
                assert answer(client)[0] == status
                assert ended(client)
        assert server.troubles() == []


def test_many_large_bodies_that_a_full_window_refuses(pair: tuple[Path, Path], tmp_path: Path) -> None:
    trusted = ssl.create_default_context(cafile=str(pair[0]))
    with full(tmp_path / "store", trusted, pair) as server:
        many = [connected(server, trusted) for _ in range(24)]  # more than the server can afford at once: the last ones wait for their turn
        refused_once(many[0])
        for client in many[1:]:
            client.sendall(LARGE % (DISCARD_BYTES + 1))
        refused = [client for client in many[1:] if is_refused(client)]
        assert len(refused) > len(many) / 2
        assert all(map(ended, refused))
        for client in many:
            client.close()
        with connected(server, trusted) as client:
            client.sendall(request(SLOW))
            assert answer(client)[0] in (200, 429)
        assert server.troubles() == []
