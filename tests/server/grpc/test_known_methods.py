"""Whatever method a client names, the server goes on."""

import asyncio

import pytest
from grpc import StatusCode

from server.grpc import open_inference_pb2 as messages
from server.grpc.inference_service import SERVICE
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
