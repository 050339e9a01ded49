"""gRPC messages that never come whole: what the server holds of them, which no budget of bodies counts."""

from collections.abc import Iterator

import pytest

from server.grpc.grpc_health import NAMED
from server.grpc.grpc_reflection import OPEN_EACH, REFLECTIONS
from server.grpc.inference_service import SERVICE
from server.grpc.message_reader import SMALL_EACH, UNREAD_BYTES
from tests.attack.conftest import Figures
from tests.bench.peers.peer_server import free_port
from tests.server.grpc.http2 import SlowSender
from tests.server.process import ServerProcess

CALLS = 64
MESSAGE_BYTES = 8 * 1024 * 1024
PLACES = 12
SLACK_BYTES = 24 * 1024 * 1024
READ = {
    f"/{SERVICE}/ModelInfer": PLACES // 2,
    f"/{SERVICE}/ModelStreamInfer": PLACES // 2,
    f"/{SERVICE}/ModelMetadata": SMALL_EACH,
    f"/{SERVICE}/ServerReady": 0,
    "/grpc.health.v1.Health/Check": NAMED,
    "/grpc.health.v1.Health/Watch": NAMED,
    f"/{REFLECTIONS[0]}/ServerReflectionInfo": OPEN_EACH,
    "/other/method": 0,
}
"""The messages of one client that are read at once, by the path of the call."""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess(
        engines="fake",
        grpc_port=free_port(),
        max_body_bytes=MESSAGE_BYTES,
        body_budget_bytes=PLACES * MESSAGE_BYTES,
        client_timeout_s=60,
    ) as server:
        yield server


@pytest.mark.parametrize("path", READ)
def test_one_client_holds_few_unfinished_messages(server: ServerProcess, figures: Figures, path: str) -> None:
    before_mb = server.memory_mb()
    with SlowSender(server.grpc_port) as sender:
        for _ in range(CALLS):
            sender.open(path.encode(), MESSAGE_BYTES)
        sent_bytes = sender.send_all(quiet_s=0.5)
        growth_mb = server.memory_mb() - before_mb
    bound_mb = (READ[path] * MESSAGE_BYTES + CALLS * UNREAD_BYTES + SLACK_BYTES) / 2**20
    told = f"{CALLS} calls of {MESSAGE_BYTES // 2**20} MiB, unfinished: {path.rpartition('/')[2]}"
    figures(told, f"{growth_mb:+.0f} MiB ({sent_bytes / 2**20:.0f} taken)", f"{bound_mb:.0f} MiB")
    assert sent_bytes >= READ[path] * (MESSAGE_BYTES - 1)
    assert growth_mb < bound_mb
