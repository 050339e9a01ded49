import socket
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.image.builder import Builder
from tests.image.container import Container


def test_grpc_answers_where_the_image_was_built_with_it(builder: Builder, cpu_with_all: str, models: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Container(builder, cpu_with_all, models=models, GRPC_PORT=str(port)) as container:
        container.wait_ready()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            reply = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=30)
        assert reply.status == health_pb2.HealthCheckResponse.SERVING


def test_another_image_says_what_is_missing(builder: Builder, cpu: str) -> None:
    with Container(builder, cpu, GRPC_PORT="8001") as container:
        code, words = container.finish()
    assert code != 0
    assert "GRPC_PORT is set, and the package of grpc is missing." in words
    assert "WITH_GRPC=1" in words
