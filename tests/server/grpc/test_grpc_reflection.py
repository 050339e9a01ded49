"""Reflection by both of its names, for a few clients at once."""

import pytest
from grpc import StatusCode
from grpc_reflection.v1alpha import reflection_pb2

from server.grpc.grpc_reflection import OPEN_EACH, REFLECTIONS
from server.grpc.inference_service import SERVICE
from tests.server.grpc.served_grpc import ServedGrpc

ASKED = reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE).SerializeToString()


@pytest.mark.parametrize("name", REFLECTIONS)
def test_a_client_that_waits_leaves_places_to_others(served: ServedGrpc, name: str) -> None:
    async def asked() -> tuple[list[bytes], StatusCode]:
        async with served.channel() as channel:
            info = channel.stream_stream(f"/{name}/ServerReflectionInfo")
            calls, found = [info() for _ in range(OPEN_EACH)], []
            for call in calls:
                await call.write(ASKED)
                found.append(await call.read())
            one_more = info()
            refused = await one_more.code()
            for call in calls:
                call.cancel()
            return found, refused

    found, refused = served.run(asked())
    reply = reflection_pb2.ServerReflectionResponse.FromString(found[0])
    assert len(set(found)) == 1
    assert b"ModelStreamInfer" in reply.file_descriptor_response.file_descriptor_proto[0]
    assert refused is StatusCode.RESOURCE_EXHAUSTED
