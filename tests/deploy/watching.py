"""Prometheus itself, watching what a test started, with the repository's configuration."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.deploy.places import PROMETHEUS

Series = list[dict[str, Any]]


def free_address() -> str:
    """Of the loopback, with a port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
    return f"{host}:{port}"


def replaced(file: Path, old: str, new: str) -> None:
    """Change one place of a file, which must have it."""
    text = file.read_text("utf-8")
    assert old in text, f"{old} in {file.name}"
    file.write_text(text.replace(old, new), "utf-8")


def configuration(folder: Path, *, classify: str, exporter: str, own: str, key: str, look_s: int = 5) -> Path:
    """The repository's prometheus.yml in a folder, other addresses and places put in."""
    there = Path(shutil.copytree(PROMETHEUS, folder / "prometheus"))
    targets, file = there / "targets/ascend", there / "prometheus.yml"
    (folder / "api_key").write_text(key, "utf-8")
    replaced(file, "/run/secrets/api_key", str(folder / "api_key"))
    replaced(file, "/targets/", f"{targets}/")
    replaced(file, "localhost:9090", own)
    for interval in ("scrape_interval", "evaluation_interval"):
        replaced(file, f"{interval}: 5s", f"{interval}: {look_s}s")
    replaced(file, "scrape_timeout: 4s", f"scrape_timeout: {max(1, look_s - 1)}s")
    replaced(targets / "classify.yml", "classify:8000", classify)
    replaced(targets / "npu-exporter.yml", "npu-exporter:8082", exporter)
    return file


class Watch:
    """A Prometheus that scrapes a server; ended when left."""

    def __init__(self, folder: Path, *, classify: str, exporter: str = "127.0.0.1:9", key: str = "", look_s: int = 1) -> None:
        """With several servers, `classify` has a blank between their addresses."""
        own = free_address()
        servers = "\n    - ".join(address.removeprefix("http://") for address in classify.split())
        file = configuration(folder, classify=servers, exporter=exporter, own=own, key=key, look_s=look_s)
        self._log = folder / "prometheus.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={own}"], stderr=log
            )
        self._client = httpx.Client(base_url=f"http://{own}", timeout=10)

    def get(self, path: str, **parameters: str) -> Any:
        """The data of an answer of its API."""
        answer = self._client.get(f"/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, f"{parameters}: {answer.text}"
        return answer.json()["data"]

    def query(self, expr: str) -> Series:
        """The value of an expression now."""
        found: Series = self.get("query", query=expr)["result"]
        return found

    def value(self, expr: str) -> float:
        """The one value of an expression."""
        (series,) = self.query(expr)
        return float(series["value"][1])

    def wait(self, until: Callable[[], bool], timeout_s: float = 30) -> None:
        """Until something is so; what cannot be asked yet is not."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            try:
                if until():
                    return
            except (httpx.TransportError, AssertionError):
                assert self._process.poll() is None, self._log.read_text("utf-8")
            time.sleep(0.2)
        raise AssertionError(f"it did not come about; Prometheus says: {self._log.read_text('utf-8')}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()
        self._process.terminate()
        self._process.wait()
