"""Server reflection, under its two names: clients ask for v1 first, and both have the same messages."""

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection import aio

from server.errors import Saturated
from server.grpc.grpc_calls import host_of
from server.grpc.open_calls import OpenCalls

REFLECTIONS = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")
DESCRIBED = REFLECTIONS[1]
"""The name that is listed: the package knows the messages of this one."""
OPEN, OPEN_EACH = 4, 2
"""All, and of one address."""


class Reflection:
    """What the services are. It needs no key, so few may ask at once."""

    def __init__(self, services: Sequence[str], longest_s: float) -> None:
        self._servicer = aio.ReflectionServicer(services)
        self._longest_s = longest_s
        self._open = OpenCalls(OPEN, "reflections", OPEN_EACH)

    def methods(self) -> dict[str, Any]:
        """The handler of its method, by the name."""
        handler = grpc.stream_stream_rpc_method_handler(
            self._info,
            request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
            response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
        )
        return {"ServerReflectionInfo": handler}

    async def _info(self, requests: Any, context: Any) -> None:
        try:
            async with self._open.one(host_of(context.peer())), asyncio.timeout(self._longest_s):
                async for answer in self._servicer.ServerReflectionInfo(requests, context):
                    await context.write(answer)
        except TimeoutError:
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, f"A call for reflection may take {self._longest_s:.0f} s.")
        except Saturated as error:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))
