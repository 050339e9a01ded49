import hashlib
import io
import os
import re
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
from tests.level_model import store_level_model

PROGRAM = KUBERNETES / "components/model-archive/fetch_models.py"


def test_the_volume_holds_the_largest_archive_and_what_is_in_it() -> None:
    """A pod whose volume overflows is evicted, again and again, and no message says why."""
    component = PROGRAM.with_name("kustomization.yaml").read_text("utf-8")
    [volume_gib] = re.findall(r"emptyDir: \{ sizeLimit: (\d+)Gi \}", component)
    [archive_gib] = re.findall(r"MAX_BYTES = (\d+) \* 1024\*\*3", PROGRAM.read_text("utf-8"))
    assert int(volume_gib) >= 2 * int(archive_gib)


class Answers(ThreadingHTTPServer):
    """A server of archives; the first answers may be errors."""

    archives: dict[str, bytes]
    errors: list[int]


class Handler(BaseHTTPRequestHandler):
    server: Answers

    def do_GET(self) -> None:
        status = self.server.errors.pop(0) if self.server.errors else 200 if self.path in self.server.archives else 404
        self.send_response(status)
        self.end_headers()
        if status == 200:
            self.wfile.write(self.server.archives[self.path])

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def archives() -> Iterator[Answers]:
    server = Answers(("127.0.0.1", 0), Handler)
    server.archives, server.errors = {}, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def tar(folder: Path) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name)
    return made.getvalue()


def fetch(folder: Path, archives: Answers, name: str = "/models.tar.gz", sha256: str | None = None) -> tuple[int, str, str]:
    folder.mkdir(exist_ok=True)
    digest = sha256 or hashlib.sha256(archives.archives.get(name, b"")).hexdigest()
    own = {"URL": f"http://127.0.0.1:{archives.server_port}{name}", "SHA256": digest}
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


def test_an_archive_writes_nothing_outside_its_folder(archives: Answers, tmp_path: Path) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo("../escaped")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"x"))
    archives.archives["/models.tar.gz"] = made.getvalue()
    code, _, err = fetch(tmp_path / "models", archives)
    assert code == 1
    assert "cannot be unpacked" in err or "can be unpacked" in err
    assert not (tmp_path / "escaped").exists()


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
