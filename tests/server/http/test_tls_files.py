"""TLS_CERT and TLS_KEY: what is refused before the start, and a server with a pair, over HTTP and gRPC."""

import asyncio
import shutil
import socket
import ssl
from pathlib import Path

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from server.cli.flags import load_settings
from server.http.tls_files import check_tls
from server.settings import SettingInvalid
from tests.level_model import level_png
from tests.server.certificate import make_certificate
from tests.server.process import ServerProcess

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate: apt install openssl")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


def test_what_is_no_pair(pair: tuple[Path, Path], tmp_path: Path) -> None:
    cert, key = pair
    check_tls(load_settings())
    check_tls(load_settings(tls_cert=cert, tls_key=key))
    for settings, told in (
        ({"tls_cert": cert}, "TLS_KEY is not set"),
        ({"tls_key": key}, "TLS_CERT is not set"),
        ({"tls_cert": tmp_path / "none.pem", "tls_key": key}, "cannot be read"),
        ({"tls_cert": key, "tls_key": cert}, "are not a certificate and its key"),
    ):
        with pytest.raises(SettingInvalid, match=told):
            check_tls(load_settings(**settings))


def test_http_and_grpc_over_tls(pair: tuple[Path, Path]) -> None:
    cert, key = pair
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with ServerProcess(engines="fake", tls_cert=cert, tls_key=key, grpc_port=port) as server:
        assert server.url.startswith("https://127.0.0.1:")
        with httpx.Client(base_url=server.url, verify=ssl.create_default_context(cafile=str(cert))) as client:
            assert client.post("/classify", content=level_png(8)).status_code == 200

        async def check() -> object:
            credentials = grpc.ssl_channel_credentials(cert.read_bytes())
            async with grpc.aio.secure_channel(f"localhost:{port}", credentials) as channel:
                return (await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())).status

        assert asyncio.run(check()) == health_pb2.HealthCheckResponse.SERVING
        server.client.close()
