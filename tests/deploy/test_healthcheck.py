import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.certificate import make_certificate
from tests.server.process import ServerProcess

HEALTHCHECK = Path(__file__).parents[2] / "deploy/healthcheck.py"


def check(host: str, port: int, **environment: str) -> int:
    told = {"HOST": host, "PORT": str(port)} | environment
    return subprocess.run([sys.executable, "-IS", HEALTHCHECK], env=told, timeout=30, check=False).returncode


def test_a_server_that_is_ready() -> None:
    with ServerProcess(engines="fake", host="0.0.0.0") as server:
        assert check("0.0.0.0", server.address[1]) == 0
        port = server.address[1]
    assert check("127.0.0.1", port) == 1


def test_a_server_that_is_not_ready() -> None:
    with ServerProcess(engines="fake", drain_delay_s=3) as server:
        server.client.get("/health/live").raise_for_status()
        server.signal(signal.SIGTERM)
        while server.client.get("/health/ready").status_code == 200:
            pass
        assert check("127.0.0.1", server.address[1]) == 1


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate: apt install openssl")
def test_a_server_that_speaks_tls(tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)
    with ServerProcess(engines="fake", tls_cert=cert, tls_key=key) as server:
        assert check("127.0.0.1", server.address[1], TLS_CERT=str(cert)) == 0
        assert check("127.0.0.1", server.address[1]) == 1
