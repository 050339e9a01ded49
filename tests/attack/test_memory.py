"""A request that is over leaves nothing behind: not even what the garbage collector would find later."""

import itertools
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import grpc
import httpx
import pytest

from server.grpc.inference_service import SERVICE
from server.grpc.open_inference_pb2 import ModelInferRequest
from tests.attack.bodies import LARGE_BYTES, large_failing, png
from tests.attack.conftest import ENGINES, Figures
from tests.attack.siege import Kept
from tests.bench.peers.peer_server import free_port
from tests.factories.tensor_bodies import INFER, image_body
from tests.level_model import level_png, store_level_model
from tests.server.grpc.served_grpc import infer_message
from tests.server.process import NEW_PROCESS, ServerProcess

REQUESTS, FEWER = 48, 12  # to the first engine, and to each other; one that is kept has 19 MB
GROWTH_MB = 50
SETTLES = 50  # looks of 0.1 s
BODIES = large_failing()
LONG = BODIES["late"]
LATE = level_png(8, 3000) + bytes(LARGE_BYTES)
"""Whose decoding takes longer than the millisecond that it gets."""
STATUSES = {
    "damaged": 422, "huge": 413, "inside": 422, "late": 504, "batch": 422, "malformed": 400, "cancelled": 0, "infer": 415,
    "grpc: no such model": 5, "grpc: no picture": 3, "grpc: no message": 3,
}  # fmt: skip
"""Of each kind of request; of gRPC the number of its status."""
ALLOWED = {"late": {504, 503, 200}}
"""An answer may come before its time is seen to be over, and an engine may be full of late images until then: docs/errors.md."""
DECODED = ("inside", "late", "batch")
"""Of these kinds an engine gets images: here they go to each kind of engine, the others to one."""
HERE = [case for case in itertools.product(ENGINES, STATUSES) if case[0] == "stream" or case[1] in DECODED]
LATER = [case for case in itertools.product(ENGINES, STATUSES) if case not in HERE]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept[ServerProcess]]:
    """Servers of which no process collects garbage."""

    def start(engine: str) -> ServerProcess:
        folder = tmp_path_factory.mktemp("server")
        store_level_model(folder)
        (folder / "sitecustomize.py").write_text("import gc\ngc.disable()\n")
        settings = ENGINES[engine] | {"model_store": folder, "model": "level", "grpc_port": free_port()}
        return ServerProcess(pythonpath=folder, python=NEW_PROCESS, **settings)

    with closing(Kept(start)) as servers:
        yield servers


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
            return client.post("/classify", content=b"{" + LONG, headers={"Content-Type": "application/json"}).status_code
        case "cancelled":
            with socket.create_connection(server.address, timeout=20) as gone:
                gone.sendall(b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(LONG) + LONG[:-1])
            return 0
        case "infer":
            body, headers = image_body([bytes(LARGE_BYTES)])
            return client.post(INFER, content=body, headers=headers).status_code
        case "late":
            return client.post("/classify?timeout_ms=1", content=LATE).status_code
        case "damaged" | "huge" | "inside":
            return client.post("/classify", content=BODIES[kind]).status_code
        case _:
            return by_grpc(server.grpc_port, kind)


def by_grpc(port: int, kind: str) -> int:
    """The number of the call's gRPC status."""
    content = b"\x0b" + bytes(LARGE_BYTES)
    if kind != "grpc: no message":
        model = "other" if kind == "grpc: no such model" else "level"
        content = infer_message(ModelInferRequest, [bytes(LARGE_BYTES)], model=model).SerializeToString()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            channel.unary_unary(f"/{SERVICE}/ModelInfer")(content)
        except grpc.RpcError as error:
            return int(error.code().value[0])
    return 0


@pytest.mark.parametrize(("engine", "kind"), [*HERE, *(pytest.param(*case, marks=pytest.mark.soak) for case in LATER)])
def test_failing_requests_leave_nothing(servers: Kept[ServerProcess], figures: Figures, engine: str, kind: str) -> None:
    server, status = servers.of(engine), STATUSES[kind]
    requests = REQUESTS if engine == "stream" else FEWER
    for _ in range(10):
        send(server, kind)
    before_mb = server.memory_mb()
    statuses = Counter(send(server, kind) for _ in range(requests))
    for _ in range(SETTLES):  # the last bodies are let go of behind their answers
        if (growth_mb := server.memory_mb() - before_mb) < GROWTH_MB:
            break
        time.sleep(0.1)
    figures(f"{requests} requests of {LARGE_BYTES / 1e6:.0f} MB, {engine}: {kind}", f"{growth_mb:+.1f} MiB", f"{GROWTH_MB} MiB")
    assert status in statuses
    assert statuses.keys() <= ALLOWED.get(kind, {status})
    assert growth_mb < GROWTH_MB
    assert httpx.get(f"{server.url}/metrics").text.count("classify_body_bytes 0.0") == 1
