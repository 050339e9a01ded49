"""Whatever method a client names, the server goes on."""

import asyncio
from typing import Any

import grpc
import pytest
from grpc import StatusCode
from grpc._cython import cygrpc

from server.grpc import open_inference_pb2 as messages
from server.grpc.inference_service import SERVICE
from server.grpc.known_methods import known_methods_server
from tests.server.grpc.http2 import call
from tests.server.grpc.served_grpc import ServedGrpc

LIVE = f"/{SERVICE}/ServerLive".encode()


def of_thread(served: ServedGrpc, path: bytes) -> bytes:
    """The call comes from a thread, because the server runs on this loop only while it is asked to."""
    return served.run(asyncio.to_thread(call, served.port, path))


@pytest.mark.parametrize("path", [b"/a/b\xff\xfe", b"\xff", b"/" + b"\x80" * 100])
def test_a_name_that_is_not_utf_8_ends_its_call_only(served: ServedGrpc, path: bytes) -> None:
    of_thread(served, path)  # the core itself may refuse it, too
    assert b"grpc-status\x010" in of_thread(served, LIVE)
    assert served.ask("ServerLive", messages.ServerLiveRequest(), messages.ServerLiveResponse).live


def test_a_method_that_is_not_there(served: ServedGrpc) -> None:
    for _ in range(50):
        assert served.code("SystemSharedMemoryStatus", b"") == (StatusCode.UNIMPLEMENTED, "Method not found!")


def test_a_call_that_cannot_be_taken_leaves_the_next_ones() -> None:
    async def echo(_requests: Any, context: Any) -> bytes:
        return bytes(await context.read())

    async def used() -> list[bytes]:
        server = known_methods_server(())
        taken, failed = server._server._request_registered_call, list[bytes]()

        async def fails_once(method: bytes) -> Any:
            if not failed:
                failed.append(method)
                raise cygrpc._RequestCallError
            return await taken(method)

        server._server._request_registered_call = fails_once
        server.add_registered_method_handlers("a", {"Echo": grpc.stream_unary_rpc_method_handler(echo)})
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert [await channel.unary_unary("/a/Echo")(b"%d" % number, timeout=10) for number in range(3)] == [b"0", b"1", b"2"]
        await server.stop(0)
        return failed

    assert asyncio.run(used()) == [b"/a/Echo"]
