"""The frame of a call: metrics and log, the id, faults of the server, and addresses."""

from typing import Any

import grpc
import pytest
from grpc import StatusCode

from server.grpc import inference_service
from server.grpc import open_inference_pb2 as messages
from server.grpc.grpc_calls import _address
from server.grpc.inference_service import SERVICE
from tests.server.grpc.served_grpc import ServedGrpc


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:10.0.0.7:4711", ("10.0.0.7", 4711)),
        ("ipv6:%5B::1%5D:4711", ("::1", 4711)),
        ("ipv6:[2001:db8::1]:80", ("2001:db8::1", 80)),
        ("unix:", ("", 0)),
    ],
)
def test_addresses(peer: str, address: tuple[str, int]) -> None:
    assert _address(peer) == address


def test_calls_are_counted_by_method_and_status(served: ServedGrpc) -> None:
    served.ask("ServerLive", messages.ServerLiveRequest())
    served.code("ModelMetadata", messages.ModelMetadataRequest(name="other"))
    text = served.app.service.metrics.render().decode()
    assert f'classify_http_requests_total{{code="200",endpoint="/{SERVICE}/ServerLive",method="POST"}} 1.0' in text
    assert f'code="404",endpoint="/{SERVICE}/ModelMetadata"' in text


def test_a_refusal_has_the_id_and_the_code(served: ServedGrpc) -> None:
    async def refused() -> dict[str, Any]:
        async with served.channel() as channel:
            try:
                await channel.unary_unary(f"/{SERVICE}/ModelReady")(b"", metadata=(("x-request-id", "mine"),))
            except grpc.aio.AioRpcError as error:
                return dict(error.trailing_metadata() or ())
        return {}

    found = served.run(refused())
    assert (found["x-request-id"], found["code"]) == ("mine", "not_found")


def test_a_fault_of_the_server_tells_nothing_of_it(served: ServedGrpc, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(inference_service, "server_metadata", broken)
    code, told = served.code("ServerMetadata", messages.ServerMetadataRequest())
    assert code is StatusCode.INTERNAL
    assert told.startswith("A fault of the server, logged under")
