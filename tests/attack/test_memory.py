"""A request that is over leaves nothing behind: not even what the garbage collector would find later."""

import socket
import sys
from collections.abc import Iterator

import grpc
import httpx
import pytest

from server.grpc.inference_service import SERVICE
from server.grpc.open_inference_pb2 import ModelInferRequest
from tests.attack.bodies import LARGE_BYTES, large_failing, png
from tests.attack.conftest import Figures
from tests.bench.peers.peer_server import free_port
from tests.level_model import store_level_model
from tests.server.grpc.served_grpc import infer_message
from tests.server.process import ServerProcess

WITHOUT_COLLECTOR = (sys.executable, "-c", "import gc; gc.disable(); from server.cli.command_line import main; main()")
REQUESTS = 72  # of seven kinds
GROWTH_MB = 50
GRPC_PORT = free_port()


BODIES = large_failing()
LONG = BODIES["late"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    store = tmp_path_factory.mktemp("store")
    store_level_model(store)
    with ServerProcess(model_store=store, model="level", grpc_port=GRPC_PORT, python=WITHOUT_COLLECTOR) as server:
        yield server


def send(server: ServerProcess, kind: str) -> int:
    """The status; 0 if the client went away."""
    client = server.client
    match kind:
        case "batch":
            files = [("image", BODIES[name][: LARGE_BYTES // 3]) for name in ("damaged", "huge")] + [
                ("image", png(64, bytes(LARGE_BYTES // 3)))
            ]
            codes = [result["code"] for result in client.post("/classify/batch", files=files).json()["results"]]
            return 422 if codes == ["undecodable_image", "image_too_large", "undecodable_image"] else 0
        case "malformed":
            return client.post("/classify", content=LONG, headers={"Content-Type": "application/json"}).status_code
        case "cancelled":
            with socket.create_connection(server.address, timeout=20) as gone:
                gone.sendall(b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(LONG) + LONG[:-1])
            return 0
        case "grpc: no such model" | "grpc: no picture" | "grpc: no message":
            return by_grpc(kind)
        case _:
            parameters = {"timeout_ms": 1} if kind == "late" else {}
            return client.post("/classify", params=parameters, content=BODIES[kind], headers={"Content-Type": "image/png"}).status_code


def by_grpc(kind: str) -> int:
    """The number of the call's gRPC status."""
    content = b"\x0b" + bytes(LARGE_BYTES)
    if kind != "grpc: no message":
        model = "other" if kind == "grpc: no such model" else "level"
        content = infer_message(ModelInferRequest, [bytes(LARGE_BYTES)], model=model).SerializeToString()
    with grpc.insecure_channel(f"127.0.0.1:{GRPC_PORT}") as channel:
        try:
            channel.unary_unary(f"/{SERVICE}/ModelInfer")(content)
        except grpc.RpcError as error:
            return int(error.code().value[0])
    return 0


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        *((kind, {"huge": 413, "late": 504}.get(kind, 422)) for kind in BODIES),
        ("batch", 422),
        ("malformed", 400),
        ("cancelled", 0),
        ("grpc: no such model", 5),
        ("grpc: no picture", 3),
        ("grpc: no message", 3),
    ],
)
def test_failing_requests_leave_nothing(server: ServerProcess, figures: Figures, kind: str, status: int) -> None:
    for _ in range(10):
        send(server, kind)
    before_mb = server.memory_mb()
    statuses = {send(server, kind) for _ in range(REQUESTS)}
    growth_mb = server.memory_mb() - before_mb
    figures(f"{REQUESTS} requests of {LARGE_BYTES / 1e6:.0f} MB: {kind}", f"{growth_mb:+.1f} MiB", f"{GROWTH_MB} MiB")
    assert statuses <= {status, 200} if kind == "late" else {status}
    assert growth_mb < GROWTH_MB
    assert httpx.get(f"{server.url}/metrics").text.count("classify_body_bytes 0.0") == 1
