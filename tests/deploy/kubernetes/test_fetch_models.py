import hashlib
import io
import os
import re
import runpy
import ssl
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from models.store import ModelStore
from tests.deploy.kubernetes.rendering import KUBERNETES
from tests.deploy.programs import needs
from tests.level_model import store_level_model
from tests.server.certificate import make_certificate

PROGRAM = KUBERNETES / "components/model-archive/fetch_models.py"


def test_the_volume_holds_the_largest_archive_and_what_is_in_it() -> None:
    """A pod whose volume overflows is evicted, again and again, and no message says why."""
    component = PROGRAM.with_name("kustomization.yaml").read_text("utf-8")
    [volume_gib] = re.findall(r"emptyDir: \{ sizeLimit: (\d+)Gi \}", component)
    [archive_gib] = re.findall(r"MAX_BYTES = (\d+) \* 1024\*\*3", PROGRAM.read_text("utf-8"))
    assert int(volume_gib) >= 2 * int(archive_gib)


class Answers(ThreadingHTTPServer):
    """A server of archives; the first answers may be errors, and some addresses may lead elsewhere."""

    archives: dict[str, bytes]
    elsewhere: dict[str, str]
    errors: list[int]


class Handler(BaseHTTPRequestHandler):
    server: Answers

    def do_GET(self) -> None:
        leads = self.server.elsewhere.get(self.path)
        status = self.server.errors.pop(0) if self.server.errors else 307 if leads else 200 if self.path in self.server.archives else 404
        self.send_response(status)
        if leads:
            self.send_header("Location", leads)
        self.end_headers()
        if status == 200:
            self.wfile.write(self.server.archives[self.path])

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def archives() -> Iterator[Answers]:
    server = Answers(("127.0.0.1", 0), Handler)
    server.archives, server.elsewhere, server.errors = {}, {}, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def tar(folder: Path) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        archive.add(folder, ".")  # as tar -C folder -cz .
    return made.getvalue()


def fetch(
    folder: Path, archives: Answers, name: str = "/models.tar.gz", sha256: str | None = None, **environment: str
) -> tuple[int, str, str]:
    folder.mkdir(exist_ok=True)
    digest = sha256 or hashlib.sha256(archives.archives.get(name, b"")).hexdigest()
    own = {"URL": f"http://127.0.0.1:{archives.server_port}{name}", "SHA256": digest} | environment
    command = [sys.executable, "-I", str(PROGRAM), str(folder)]
    done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def test_models_are_fetched_and_can_be_served(archives: Answers, tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    archives.archives["/models.tar.gz"] = tar(tmp_path / "store")
    archives.errors = [503]
    code, out, err = fetch(tmp_path / "models", archives)
    assert (code, out) == (0, "Models: level\n")
    assert "503 Service Unavailable. Try 2 of 5 follows." in err
    ModelStore(tmp_path / "models").open("level").check_artifact("cpu")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["level"]
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in (tmp_path / "models").rglob("*")}
    assert modes == {True: 0o750, False: 0o640}  # as the SDK wants it, whatever they were in the archive


@needs("openssl", "openssl")
def test_models_are_fetched_over_https(archives: Answers, tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    archives.archives["/models.tar.gz"] = tar(tmp_path / "store")
    cert, key = make_certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    archives.socket = tls.wrap_socket(archives.socket, server_side=True)
    address = f"https://localhost:{archives.server_port}/models.tar.gz"
    assert fetch(tmp_path / "models", archives, URL=address, SSL_CERT_FILE=str(cert))[:2] == (0, "Models: level\n")


def test_authorities_are_known_where_the_system_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in debian:bookworm-slim, of which the image is made: it has no ca-certificates."""
    monkeypatch.setenv("SSL_CERT_FILE", "/none")
    monkeypatch.setenv("SSL_CERT_DIR", "/none")
    assert ssl.create_default_context().get_ca_certs() == []
    assert len(runpy.run_path(str(PROGRAM))["trusted"]().get_ca_certs()) > 50


def test_the_layer_of_a_registry_is_fetched_from_where_it_lies_and_no_signature_is_printed(archives: Answers, tmp_path: Path) -> None:
    """A registry sends whoever asks for a layer to its bucket; a bucket opens itself by the signature in the address."""
    store_level_model(tmp_path / "store")
    archives.archives["/bucket?X-Amz-Signature=secret"] = tar(tmp_path / "store")
    digest = hashlib.sha256(archives.archives["/bucket?X-Amz-Signature=secret"]).hexdigest()
    layer = f"/v2/models/blobs/sha256:{digest}"
    archives.elsewhere[layer] = "/bucket?X-Amz-Signature=secret"
    assert fetch(tmp_path / "models", archives, layer, digest)[:2] == (0, "Models: level\n")
    archives.errors = [503]
    code, out, err = fetch(tmp_path / "signed", archives, "/bucket?X-Amz-Signature=secret")
    assert (code, out) == (0, "Models: level\n")
    assert "/bucket answers 503" in err
    assert "secret" not in err
    code, _, err = fetch(tmp_path / "signed", archives, "/bucket?X-Amz-Signature=secret", sha256="0" * 64)
    assert code == 1
    assert "secret" not in err


def test_an_archive_of_another_digest_is_not_unpacked(archives: Answers, tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    archives.archives["/models.tar.gz"] = tar(tmp_path / "store")
    code, _, err = fetch(tmp_path / "models", archives, sha256="0" * 64)
    assert code == 1
    assert "nothing was unpacked" in err
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize(("archive", "words"), [(b"no tar", "not a tar that can be unpacked"), (b"", "not a tar that can be unpacked")])
def test_what_is_no_archive(archives: Answers, tmp_path: Path, archive: bytes, words: str) -> None:
    archives.archives["/models.tar.gz"] = archive
    code, _, err = fetch(tmp_path / "models", archives)
    assert code == 1
    assert words in err


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("../escaped", tarfile.REGTYPE, "lies outside"),
        ("{folder}/escaped", tarfile.REGTYPE, "lies outside"),
        ("level", tarfile.SYMTYPE, "neither a file nor a folder"),
        ("level", tarfile.LNKTYPE, "neither a file nor a folder"),
        ("level", tarfile.FIFOTYPE, "neither a file nor a folder"),
    ],
)
def test_an_archive_writes_nothing_but_files_and_those_in_its_folder(
    archives: Answers, tmp_path: Path, name: str, kind: bytes, words: str
) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo(name.format(folder=tmp_path))
        info.type, info.linkname, info.size = kind, "..", 1 if kind == tarfile.REGTYPE else 0
        archive.addfile(info, io.BytesIO(b"x"))
    archives.archives["/models.tar.gz"] = made.getvalue()
    code, _, err = fetch(tmp_path / "models", archives)
    assert code == 1
    assert words in err
    assert not (tmp_path / "escaped").exists()
    assert list((tmp_path / "models").iterdir()) == []


def test_an_archive_without_a_model(archives: Answers, tmp_path: Path) -> None:
    (tmp_path / "store/other").mkdir(parents=True)
    archives.archives["/models.tar.gz"] = tar(tmp_path / "store")
    code, _, err = fetch(tmp_path / "models", archives)
    assert code == 1
    assert "holds no model" in err


@pytest.mark.parametrize(
    ("url", "sha256", "words"),
    [("http://host/models.tar", "0" * 64, "https address"), ("https://host/models.tar", "abc", "sha256sum prints")],
)
def test_settings_that_are_wrong(tmp_path: Path, url: str, sha256: str, words: str) -> None:
    own = {"URL": url, "SHA256": sha256}
    done = subprocess.run([sys.executable, "-I", PROGRAM, tmp_path], env=os.environ | own, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert words in done.stderr
