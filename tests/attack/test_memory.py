"""A request that is over leaves nothing behind: not even what the garbage collector would find later."""

import socket
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.level_model import level_png, store_level_model
from tests.server.process import ServerProcess

WITHOUT_COLLECTOR = (sys.executable, "-c", "import gc; gc.disable(); from server.cli.command_line import main; main()")
REQUESTS = 100
BODY_BYTES = 19 * 1024 * 1024
GROWTH_BYTES = 50 * 1024 * 1024
GOOD = level_png(8)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(side_px: int, pixels: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


BEHIND = bytes(BODY_BYTES)
BODIES = {"damaged": GOOD[:60] + BEHIND, "huge": png(10_000, b"") + BEHIND, "inside": png(64, bytes(BODY_BYTES)), "late": GOOD + BEHIND}
LONG = BODIES["late"]


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    store = tmp_path_factory.mktemp("store")
    store_level_model(store)
    with ServerProcess(model_store=store, model="level", python=WITHOUT_COLLECTOR) as server:
        yield server


def send(server: ServerProcess, kind: str) -> int:
    """The status; 0 if the client went away."""
    client = server.client
    match kind:
        case "batch":
            files = [("image", BODIES[name][: BODY_BYTES // 3]) for name in ("damaged", "huge")] + [
                ("image", png(64, bytes(BODY_BYTES // 3)))
            ]
            codes = [result["code"] for result in client.post("/classify/batch", files=files).json()["results"]]
            return 422 if codes == ["undecodable_image", "image_too_large", "undecodable_image"] else 0
        case "malformed":
            return client.post("/classify", content=LONG, headers={"Content-Type": "application/json"}).status_code
        case "cancelled":
            with socket.create_connection(server.address, timeout=20) as gone:
                gone.sendall(b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(LONG) + LONG[:-1])
            return 0
        case _:
            parameters = {"timeout_ms": 1} if kind == "late" else {}
            return client.post("/classify", params=parameters, content=BODIES[kind], headers={"Content-Type": "image/png"}).status_code


@pytest.mark.parametrize(
    ("kind", "status"),
    [*((kind, {"huge": 413, "late": 504}.get(kind, 422)) for kind in BODIES), ("batch", 422), ("malformed", 400), ("cancelled", 0)],
)
def test_failing_requests_leave_nothing(server: ServerProcess, kind: str, status: int) -> None:
    for _ in range(10):
        send(server, kind)
    before = resident_bytes(server.pid)
    statuses = {send(server, kind) for _ in range(REQUESTS)}
    growth = resident_bytes(server.pid) - before
    print(f"{kind}: {REQUESTS} requests of {BODY_BYTES / 1e6:.0f} MB, {growth / 1e6:+.1f} MB")
    assert statuses <= {status, 200} if kind == "late" else {status}
    assert growth < GROWTH_BYTES
    assert httpx.get(f"{server.url}/metrics").text.count("classify_body_bytes 0.0") == 1
