"""Calls and streams that say nothing: one client has half of the places at most, and streams that wait too long end."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc

from server.grpc import open_inference_pb2 as messages
from server.grpc.grpc_health import NAMED
from server.grpc.inference_service import CALLS_BESIDE, SERVICE
from tests.level_model import level_png
from tests.server.grpc.served_grpc import ServedGrpc, infer_message, served_grpc

STREAM, INFER, LIVE = (f"/{SERVICE}/{method}" for method in ("ModelStreamInfer", "ModelInfer", "ServerLive"))
STREAMS, STREAMS_EACH = 12, 6
"""BODY_BUDGET_BYTES ÷ MAX_BODY_BYTES, and half of them."""
IMAGE = infer_message(messages.ModelInferRequest, [level_png(8)], model="efficientnet_lite0", outputs=("classes",)).SerializeToString()


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedGrpc]:
    with served_grpc(tmp_path_factory.mktemp("fake"), engines="fake") as server:
        yield server


def client(served: ServedGrpc) -> Any:
    """A channel with a connection of its own, which on the loopback is a client of its own."""
    return grpc.aio.insecure_channel(f"127.0.0.1:{served.port}", options=(("grpc.use_local_subchannel_pool", 1),))


async def silent(call: Any) -> Any:
    """The call, begun."""
    await call.wait_for_connection()
    return call


async def becomes(wanted: StatusCode, method: Any) -> bool:
    """Whether a call gets a status, now or in a while: calls of different methods may overtake one another."""
    for _ in range(200):
        if await method(b"").code() is wanted:
            return True
        await asyncio.sleep(0.05)
    return False


async def answer(stream: Any) -> str:
    """What a stream answers to one image."""
    await stream.write(IMAGE)
    return str(messages.ModelStreamInferResponse.FromString(await asyncio.wait_for(stream.read(), 20)).infer_response.id)


def test_one_client_leaves_streams_to_others(fake: ServedGrpc) -> None:
    async def opened() -> None:
        async with client(fake) as one, client(fake) as another, client(fake) as third:
            held = [await silent(one.stream_stream(STREAM)()) for _ in range(STREAMS_EACH)]
            refused = one.stream_stream(STREAM)()
            assert await refused.code() is StatusCode.RESOURCE_EXHAUSTED
            assert "of this client" in await refused.details()
            others = [another.stream_stream(STREAM)() for _ in range(STREAMS_EACH)]
            assert [await answer(stream) for stream in others] == ["7"] * STREAMS_EACH
            assert await third.stream_stream(STREAM)().code() is StatusCode.RESOURCE_EXHAUSTED
            held.pop().cancel()
            await asyncio.sleep(0.5)  # until the server knows it
            assert await answer(third.stream_stream(STREAM)()) == "7"

    fake.run(opened())


def test_a_stream_that_waits_too_long_ends(tmp_path: Path) -> None:
    async def used(served: ServedGrpc) -> tuple[list[str], StatusCode, str]:
        async with served.channel() as channel:
            idle, busy = channel.stream_stream(STREAM)(), channel.stream_stream(STREAM)()
            found = []
            for _ in range(6):
                found.append(await answer(busy))
                await asyncio.sleep(0.5)
            return found, await idle.code(), await idle.details()

    with served_grpc(tmp_path, engines="fake", keep_alive_s=1, timeout_ms=1000) as served:
        found, code, words = served.run(used(served))
    assert found == ["7"] * 6  # and their stream has been open for longer than the other one
    assert code is StatusCode.DEADLINE_EXCEEDED
    assert words.startswith("For 2 s no message came, and no answer was taken.")


def test_a_probe_of_the_same_address_as_silent_ones_is_answered(fake: ServedGrpc) -> None:
    async def checked() -> list[StatusCode]:
        async with fake.channel() as channel:
            held = [await silent(channel.stream_unary("/grpc.health.v1.Health/Check")()) for _ in range(50)]
            check = health_pb2_grpc.HealthStub(channel).Check
            replies = [await check(health_pb2.HealthCheckRequest(service=name), timeout=5) for name in ("", SERVICE)]
            assert {reply.status for reply in replies} == {health_pb2.HealthCheckResponse.SERVING}
            for call in held[:NAMED]:
                call.cancel()
            return [await call.code() for call in held]

    assert fake.run(checked()) == [StatusCode.CANCELLED] * NAMED + [StatusCode.OK] * (50 - NAMED)


def test_one_client_leaves_calls_to_others_and_health_is_always_told(tmp_path: Path) -> None:
    each = (2 + CALLS_BESIDE) // 2

    async def opened(served: ServedGrpc) -> None:
        async with client(served) as one, client(served) as another, client(served) as third:
            held = [await silent(one.stream_unary(INFER)()) for _ in range(each)]
            assert await becomes(StatusCode.RESOURCE_EXHAUSTED, one.unary_unary(LIVE))
            assert await another.unary_unary(LIVE)(b"").code() is StatusCode.OK
            held += [await silent(another.stream_unary(INFER)()) for _ in range(each)]
            assert await becomes(StatusCode.RESOURCE_EXHAUSTED, third.unary_unary(LIVE))
            for channel in (one, another, third):
                reply = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
                assert reply.status == health_pb2.HealthCheckResponse.SERVING
            for call in held:
                call.cancel()

    with served_grpc(tmp_path, engines="fake", window=1) as served:
        served.run(opened(served))
