"""The server itself: reflection, the size of messages, a port that is taken."""

import pytest
from grpc import StatusCode
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from server.grpc.grpc_reflection import DESCRIBED
from server.grpc.inference_service import SERVICE
from tests.server.grpc.served_grpc import ServedGrpc, served_grpc


def test_reflection_names_the_services(served: ServedGrpc) -> None:
    async def listed() -> list[str]:
        async with served.channel() as channel:
            stub = reflection_pb2_grpc.ServerReflectionStub(channel)
            asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
            async for reply in stub.ServerReflectionInfo(asked):
                return [each.name for each in reply.list_services_response.service]
        return []

    assert set(served.run(listed())) == {SERVICE, "grpc.health.v1.Health", DESCRIBED}


def test_a_message_beyond_the_limit(tmp_path_factory: pytest.TempPathFactory) -> None:
    with served_grpc(tmp_path_factory.mktemp("fake"), engines="fake", max_body_bytes=300_000) as server:
        assert server.code("ModelInfer", bytes(300_001))[0] is StatusCode.RESOURCE_EXHAUSTED
        assert server.code("ModelInfer", bytes(300_000))[0] is StatusCode.INVALID_ARGUMENT


def test_a_port_that_is_taken(served: ServedGrpc) -> None:
    from server.api.api_keys import NO_KEYS
    from server.api.guard import safe_only
    from server.grpc.grpc_calls import Calls
    from server.grpc.grpc_server import GrpcServer

    service = served.app.service
    second = GrpcServer(service, served.app.reloader, Calls(service.metrics, NO_KEYS, safe_only(service.settings, NO_KEYS), None))
    with pytest.raises(RuntimeError, match="Failed to bind"):
        served.run(second.start(served.port))
