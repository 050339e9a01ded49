"""grpc.health.v1: serving, draining, unknown services; and a client that watches."""

import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError
from grpc_health.v1 import health_pb2, health_pb2_grpc

from server.grpc.grpc_health import WATCHES_EACH
from server.grpc.inference_service import SERVICE
from server.serving.service import Phase
from tests.server.grpc.served_grpc import ServedGrpc

WORDS = health_pb2.HealthCheckResponse


def check(served: ServedGrpc, name: str = "") -> object:
    async def asked() -> object:
        async with served.channel() as channel:
            return (await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=name))).status

    return served.run(asked())


def test_it_follows_readiness(served: ServedGrpc, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(served) == check(served, SERVICE) == WORDS.SERVING
    with pytest.raises(AioRpcError) as refused:
        check(served, "other")
    assert refused.value.code() is StatusCode.NOT_FOUND
    monkeypatch.setattr(served.app.service, "phase", Phase.DRAINING)
    assert check(served) == WORDS.NOT_SERVING


def test_a_change_is_told_to_a_client_that_watches(served: ServedGrpc, monkeypatch: pytest.MonkeyPatch) -> None:
    async def watched(name: str, count: int) -> list[object]:
        found: list[object] = []
        async with served.channel() as channel:
            async for reply in health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=name)):
                found.append(reply.status)
                if len(found) == count:
                    break
                monkeypatch.setattr(served.app.service, "phase", Phase.DRAINING)
        return found

    assert served.run(watched("", 9)) == [WORDS.SERVING, WORDS.NOT_SERVING]  # and that is the end
    assert served.run(watched("other", 9)) == [WORDS.SERVICE_UNKNOWN]


def test_watches_leave_places_to_others(served: ServedGrpc) -> None:
    async def watched() -> tuple[StatusCode, list[object]]:
        async with served.channel() as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            watches = [stub.Watch(health_pb2.HealthCheckRequest()) for _ in range(WATCHES_EACH)]
            found = [(await watch.read()).status for watch in watches]
            one_more = stub.Watch(health_pb2.HealthCheckRequest())
            code = await one_more.code()
            for watch in watches:
                watch.cancel()
            return code, found

    code, found = served.run(watched())
    assert (code, set(found)) == (StatusCode.RESOURCE_EXHAUSTED, {WORDS.SERVING})
