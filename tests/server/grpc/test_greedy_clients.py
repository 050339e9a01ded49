"""Calls and streams that say nothing: one client has half of the places at most, gives way to others, and ends if it waits too long."""

import asyncio
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import grpc
import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc

from server.grpc import open_inference_pb2 as messages
from server.grpc.grpc_health import NAMED
from server.grpc.inference_service import CALLS_BESIDE, SERVICE
from server.http.places import PATIENCE_S
from tests.level_model import level_png
from tests.server.grpc.http2 import (
    DATA,
    END_HEADERS,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    frame,
    request_head,
)
from tests.server.grpc.served_grpc import ServedGrpc, infer_message, served_grpc

STREAM, INFER, LIVE, READY = (f"/{SERVICE}/{method}" for method in ("ModelStreamInfer", "ModelInfer", "ServerLive", "ModelReady"))
STREAMS_EACH = READ_EACH = 6
"""Half of BODY_BUDGET_BYTES ÷ MAX_BODY_BYTES."""
CALLS_EACH = (2 * 64 + CALLS_BESIDE) // 2
SILENT_S = 10
"""CLIENT_TIMEOUT_S."""
NAMED_READY = messages.ModelReadyRequest(name="efficientnet_lite0").SerializeToString()
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


async def answer(stream: Any) -> str:
    """What a stream answers to one image."""
    await stream.write(IMAGE)
    return str(messages.ModelStreamInferResponse.FromString(await asyncio.wait_for(stream.read(), 20)).infer_response.id)


def test_one_client_leaves_streams_to_others(fake: ServedGrpc) -> None:
    async def opened() -> None:
        async with client(fake) as one, client(fake) as another, client(fake) as third:
            held = [one.stream_stream(STREAM)() for _ in range(STREAMS_EACH)]
            assert [await answer(stream) for stream in held] == ["7"] * STREAMS_EACH
            refused = one.stream_stream(STREAM)()
            assert await refused.code() is StatusCode.RESOURCE_EXHAUSTED
            assert "of this client" in await refused.details()
            others = [another.stream_stream(STREAM)() for _ in range(STREAMS_EACH)]
            assert [await answer(stream) for stream in others] == ["7"] * STREAMS_EACH
            await asyncio.sleep(PATIENCE_S + 0.1)
            assert [await answer(stream) for stream in (*held[1:], *others)] == ["7"] * (2 * STREAMS_EACH - 1)
            assert await answer(third.stream_stream(STREAM)()) == "7"
            assert "needed one of the 12 streams" in await held[0].details()

    fake.run(opened())


@pytest.mark.parametrize(("kind", "each"), [(STREAM, STREAMS_EACH), (INFER, READ_EACH), (INFER, CALLS_EACH), (READY, CALLS_EACH)])
def test_calls_without_a_message_leave_places_to_another_client(fake: ServedGrpc, kind: str, each: int) -> None:
    """Whoever holds them opens the next one when one has ended."""

    async def hold(channel: Any) -> None:
        while True:
            call = channel.stream_stream(kind)()
            await call.wait_for_connection()
            await call.code()
            await asyncio.sleep(1)

    async def opened() -> list[float]:
        async with client(fake) as one, client(fake) as another, client(fake) as fourth, client(fake) as third:
            await asyncio.gather(*(channel.channel_ready() for channel in (one, another, fourth, third)))
            holders = [asyncio.create_task(hold(channel)) for channel in (one, another, fourth) for _ in range(each)]
            await asyncio.sleep(0.5)
            took_s = []
            for _ in range(5):
                began_s = time.monotonic()
                assert await third.unary_unary(LIVE)(b"") == messages.ServerLiveResponse(live=True).SerializeToString()
                assert await third.unary_unary(READY)(NAMED_READY) == messages.ModelReadyResponse(ready=True).SerializeToString()
                assert messages.ModelInferResponse.FromString(await third.unary_unary(INFER)(IMAGE)).id == "7"
                stream = third.stream_stream(STREAM)()
                assert await answer(stream) == "7"
                stream.cancel()
                took_s.append(time.monotonic() - began_s)
            for holder in holders:
                holder.cancel()
            return took_s

    assert median(fake.run(opened())) < SILENT_S / 2  # and not when their time is over


def test_a_stream_that_waits_too_long_ends(tmp_path: Path) -> None:
    async def used(served: ServedGrpc) -> tuple[list[str], list[tuple[StatusCode, str]]]:
        async with served.channel() as channel:
            mute, idle, busy = (channel.stream_stream(STREAM)() for _ in range(3))
            found = [await answer(idle)]
            for _ in range(6):
                found.append(await answer(busy))
                await asyncio.sleep(0.5)
            return found, [(await stream.code(), await stream.details()) for stream in (mute, idle)]

    with served_grpc(tmp_path, engines="fake", keep_alive_s=1, timeout_ms=1000) as served:
        found, ended = served.run(used(served))
    assert found == ["7"] * 7  # and the stream of six has been open for longer than the others
    assert [code for code, _ in ended] == [StatusCode.DEADLINE_EXCEEDED] * 2
    assert {words.partition(" Open")[0] for _, words in ended} == {"For 2 s no message came, and no answer was taken."}


def test_a_stream_whose_client_takes_no_answer_is_reset(tmp_path: Path) -> None:
    """Else gRPC would go on to take a message of MAX_BODY_BYTES for each of them."""

    def opened(port: int) -> bytes:
        no_window = struct.pack(">HI", INITIAL_WINDOW_SIZE, 0)
        head = frame(HEADERS, END_HEADERS, 1, request_head(STREAM.encode()))
        received = b""
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            line.sendall(PREFACE + frame(SETTINGS, 0, 0, no_window) + head + frame(DATA, 0, 1, b"\0\0\0\0\1\x08"))
            while frame(RST_STREAM, 0, 1, b"")[3:] not in received and (piece := line.recv(65536)):
                received += piece
        return received

    async def used(served: ServedGrpc) -> bytes:
        work = asyncio.create_task(asyncio.to_thread(opened, served.port))
        async with served.channel() as channel:
            while not work.done():
                await channel.unary_unary(LIVE)(b"")  # the last call is kept by the loop that takes calls
                await asyncio.sleep(0.1)
        return await work

    with served_grpc(tmp_path, engines="fake", keep_alive_s=1, timeout_ms=1000) as served:
        assert frame(RST_STREAM, 0, 1, bytes(4))[3:9] in served.run(used(served))


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


def test_health_is_told_whatever_is_open(fake: ServedGrpc) -> None:
    async def opened() -> None:
        async with client(fake) as one, client(fake) as another, client(fake) as third:
            held = [await silent(channel.stream_unary(INFER)()) for channel in (one, another) for _ in range(CALLS_EACH)]
            for channel in (one, another, third):
                reply = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
                assert reply.status == health_pb2.HealthCheckResponse.SERVING
            refused = one.unary_unary(READY)(NAMED_READY)
            assert await refused.code() is StatusCode.RESOURCE_EXHAUSTED
            assert "of this client" in await refused.details()
            for call in held:
                call.cancel()

    fake.run(opened())
