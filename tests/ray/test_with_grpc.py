"""gRPC through Serve, behind HAProxy and behind Serve's own proxy, beside the plain server in this process: the same answers and refusals.

It comes after the end of the others, by its name: Serve takes a port for gRPC only where it starts.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from server.api.api_keys import ApiKeys
from server.grpc import open_inference_pb2 as messages
from server.grpc.inference_service import SERVICE
from tests.level_model import level_png, store_level_model
from tests.oip.test_oip_clients import ENVIRONMENTS, FOLDER, check_answers, write_pictures
from tests.ray.cluster import PORT, TestCluster, eventually
from tests.ray.conftest import LEVEL
from tests.server.grpc.served_grpc import ServedGrpc, infer_message, served_grpc

GRPC_PORT = 8001
MOST_BYTES = 3_000_000
KEY, MINE = ("x-api-key", "s3cret"), ("x-request-id", "mine")
INFER = messages.ModelInferRequest
GOOD = infer_message(INFER, [level_png(4), level_png(8)])
CALLS: list[tuple[str, Any, tuple[tuple[str, str], ...]]] = [
    ("ServerLive", messages.ServerLiveRequest(), ()),
    ("ServerLive", messages.ServerLiveRequest(), (("x-api-key", "wrong"),)),
    ("ServerLive", messages.ServerLiveRequest(), (("authorization", f"Bearer {KEY[1]}"),)),
    ("ServerReady", messages.ServerReadyRequest(), (KEY,)),
    ("ModelReady", messages.ModelReadyRequest(name="level", version="1"), (KEY,)),
    ("ServerMetadata", messages.ServerMetadataRequest(), (KEY,)),
    ("ModelMetadata", messages.ModelMetadataRequest(name="level"), (KEY,)),
    ("ModelMetadata", messages.ModelMetadataRequest(name="other"), (KEY,)),
    ("ModelMetadata", messages.ModelMetadataRequest(name="x" * 70_000), (KEY,)),
    ("ModelMetadata", b"\x08", (KEY,)),
    ("ModelConfig", messages.ModelConfigRequest(name="level"), (KEY,)),
    ("RepositoryIndex", messages.RepositoryIndexRequest(ready=True), (KEY,)),
    ("ModelInfer", GOOD, (KEY,)),
    ("ModelInfer", GOOD, (KEY, ("application", "ascend-classify"))),
    ("ModelInfer", GOOD, ()),
    ("ModelInfer", infer_message(INFER, [b"x"]), (KEY,)),
    ("ModelInfer", infer_message(INFER, [level_png(4)], model="other"), (KEY,)),
    ("ModelInfer", infer_message(INFER, [bytes(MOST_BYTES)]), (KEY,)),
    ("ModelInfer", b"", (KEY,)),
    ("TraceSetting", b"", (KEY,)),
]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedGrpc]:
    with served_grpc(tmp_path_factory.mktemp("plain"), ApiKeys({"default": KEY[1]}), max_body_bytes=MOST_BYTES) as server:
        yield server


@pytest.fixture(scope="module", params=["haproxy", "own"])
def proxy(request: pytest.FixtureRequest, nodes: TestCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """The proxy that listens, and its port; one replica is behind it."""
    folder = tmp_path_factory.mktemp("grpc")
    key = folder / "key"
    key.write_text(KEY[1])
    store_level_model(folder / "store")  # a new one: other tests have renewed theirs
    words = () if request.param == "haproxy" else ("--no-haproxy",)
    own = {"api_key_file": key, "grpc_port": GRPC_PORT, "max_body_bytes": MOST_BYTES, "model_store": folder / "store", "window": 64}
    nodes.up(folder / "serve.yaml", "--chips", 1, *words, **LEVEL | own)
    yield request.param, GRPC_PORT
    assert nodes.command("down").returncode == 0


@pytest.fixture
def serve(plain: ServedGrpc, proxy: tuple[str, int]) -> ServedGrpc:
    """Serve's port, with the loop of the plain server."""
    served = ServedGrpc(plain.app, proxy[1])
    eventually(lambda: served.code("ServerLive", b"", metadata=(KEY,))[0], lambda code: code is grpc.StatusCode.OK)
    return served


CLIENTS_OWN = "Internal error from Core"
"""grpc.aio's words where a server, any server, ends a stream before its first message is sent: 14 of 6,000 on a busy machine."""


async def ended(call: Any) -> tuple[list[bytes], grpc.StatusCode, str, dict[str, str]]:
    """All answers of a call, and how it ends; without the id that Serve adds."""
    found: list[bytes] = []
    with suppress(grpc.aio.AioRpcError):
        found.extend([await call] if isinstance(call, grpc.aio.UnaryUnaryCall) else [each async for each in call])
    trailing = {name: value for name, value in dict(await call.trailing_metadata()).items() if name != "request_id"}
    return found, await call.code(), await call.details() or "", trailing


def called(served: ServedGrpc, method: str, asked: list[Any], metadata: tuple[tuple[str, str], ...]) -> Any:
    """How a call with these messages ends."""

    async def work() -> Any:
        sent = [each if isinstance(each, bytes) else each.SerializeToString() for each in asked]
        async with served.channel() as channel:
            kind, given = (channel.stream_stream, iter(sent)) if "Stream" in method else (channel.unary_unary, sent[0])
            return await ended(kind(f"/{SERVICE}/{method}")(given, metadata=(*metadata, MINE)))

    for _ in range(5):
        if (found := served.run(work()))[2] != CLIENTS_OWN:
            break
    return found


def test_answers_and_refusals_are_those_of_the_plain_server(plain: ServedGrpc, serve: ServedGrpc) -> None:
    for method, message, metadata in CALLS:
        assert called(serve, method, [message], metadata) == called(plain, method, [message], metadata), (method, metadata)


def test_a_stream_is_that_of_the_plain_server(plain: ServedGrpc, serve: ServedGrpc, proxy: tuple[str, int]) -> None:
    pictures = [[level_png(4 * level)] for level in range(16)] + [[b"x"]]
    given = [infer_message(INFER, images, outputs=("classes",)) for images in pictures]
    found = called(serve, "ModelStreamInfer", given, (KEY,))
    assert (len(found[0]), found) == (17, called(plain, "ModelStreamInfer", given, (KEY,)))
    refused, large = called(serve, "ModelStreamInfer", given[:1], ()), called(serve, "ModelStreamInfer", [bytes(MOST_BYTES + 1)], (KEY,))
    wanted = called(plain, "ModelStreamInfer", given[:1], ())
    assert (refused[:3], large[1]) == (wanted[:3], grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert refused[3] == (wanted[3] if proxy[0] == "haproxy" else {})  # Serve's own proxy takes no metadata from an error


@pytest.mark.parametrize("method", ["RepositoryModelLoad", "RepositoryModelUnload"])
def test_a_load_is_refused_as_over_http(serve: ServedGrpc, method: str) -> None:
    load = getattr(messages, f"{method}Request")(model_name="level")
    code, told = serve.code(method, load, metadata=(KEY,))
    answer = httpx.post(f"http://127.0.0.1:{PORT}/v2/repository/models/level/load", headers=dict([KEY]))
    assert (code, answer.status_code, told) == (grpc.StatusCode.PERMISSION_DENIED, 403, answer.json()["error"])


def abandoned() -> bool:
    """Whether the replica has given up images."""
    text = httpx.get(f"http://127.0.0.1:{PORT}/metrics", headers=dict([KEY])).text
    return any('outcome="abandoned"' in line and not line.endswith(" 0.0") for line in text.splitlines())


def test_a_call_whose_time_is_over_drops_its_images(serve: ServedGrpc) -> None:
    slow = infer_message(INFER, [level_png(4, 3000)] * 32)  # seconds of two cores
    assert serve.code("ModelInfer", slow, timeout=0.3, metadata=(KEY,))[0] is grpc.StatusCode.DEADLINE_EXCEEDED
    eventually(abandoned, bool)


def test_the_health_service_is_that_of_serve(serve: ServedGrpc) -> None:
    async def asked(method: str) -> Any:
        async with serve.channel() as channel:
            return await channel.unary_unary(method)(b"", timeout=20)

    serve.run(asked("/ray.serve.RayServeAPIService/Healthz"))  # of HAProxy it is a status without a message
    assert b"ascend-classify" in serve.run(asked("/ray.serve.RayServeAPIService/ListApplications"))
    with pytest.raises(grpc.aio.AioRpcError, match="UNIMPLEMENTED"):
        serve.run(asked("/grpc.health.v1.Health/Check"))


@pytest.mark.skipif(not (ENVIRONMENTS / "triton").exists(), reason="Triton's client has an environment of its own: make test-oip")
@pytest.mark.usefixtures("serve")
def test_tritons_client_is_answered(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    words = [ENVIRONMENTS / "triton/bin/python", FOLDER / "with_triton_grpc.py", "", f"127.0.0.1:{GRPC_PORT}", tmp_path, KEY[1]]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=120, check=False)
    sys.stderr.write(done.stderr)
    assert done.returncode == 0
    check_answers(done.stdout, {"sync", "async", "aio", "stream"}, tmp_path, f"http://127.0.0.1:{PORT}", **dict([KEY]))
