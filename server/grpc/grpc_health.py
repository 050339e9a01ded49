"""grpc.health.v1: the same answer as GET /health/ready, for Kubernetes' probes and Envoy. It needs no key."""

import asyncio
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health_pb2

from server.errors import ServiceError
from server.grpc.grpc_calls import host_of
from server.grpc.grpc_statuses import code_of
from server.grpc.inference_service import SERVICE
from server.grpc.message_reader import MessageReader
from server.grpc.open_calls import CallPlace, OpenCalls
from server.serving.service import Phase, Service

HEALTH = "grpc.health.v1.Health"
WATCH_S = 0.5
"""Between two looks for a client that watches."""
NAMED = 4
"""Calls whose message is awaited at once. Others are answered without it, since one status is that of all services: a probe never waits."""
WATCHES, WATCHES_EACH = 64, 16
"""All, and of one address: a client of gRPC that checks health itself has one for each connection."""


class HealthService:
    """The methods. Their messages come as streams of one, so that they need not be read."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._reader = MessageReader(NAMED, NAMED, service.settings.client_timeout_s)
        self._watches = OpenCalls(WATCHES, "watches", WATCHES_EACH)

    def methods(self) -> dict[str, Any]:
        """The handler of each method, by its name."""
        return {"Check": grpc.stream_unary_rpc_method_handler(self._check), "Watch": grpc.stream_stream_rpc_method_handler(self._watch)}

    async def _check(self, _requests: Any, context: Any) -> bytes:
        """Whether the server takes requests: NOT_SERVING before it is ready and from the begin of its drain."""
        asked = await self._asked(context)
        if not self._is_known(asked):
            await context.abort(grpc.StatusCode.NOT_FOUND, f"There is no service {asked[:80]!r} here.")
        return _reply(self._status())

    async def _watch(self, _requests: Any, context: Any) -> None:
        """The same, now and whenever it changes, until the server ends."""
        try:
            async with self._watches.one(host_of(context.peer())):
                known, last = self._is_known(await self._asked(context)), None
                while True:
                    status = self._status() if known else health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
                    if status != last:
                        await context.write(_reply(status))
                        last = status
                    if self._service.phase is Phase.DRAINING:
                        return
                    await asyncio.sleep(WATCH_S)
        except ServiceError as error:
            await context.abort(code_of(error), str(error))

    async def _asked(self, context: Any) -> str:
        """The service that the message names; none if it is not read."""
        try:
            return "" if self._reader.is_full else await self._reader.read(context, CallPlace(""), _service_of)
        except ServiceError as error:
            await context.abort(code_of(error), str(error))
        except DecodeError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"The message is not a HealthCheckRequest: {error}.")
        raise AssertionError("the call ends above")

    @staticmethod
    def _is_known(asked: str) -> bool:
        return asked in ("", SERVICE)

    def _status(self) -> Any:
        words = health_pb2.HealthCheckResponse
        return words.SERVING if self._service.readiness()[0] else words.NOT_SERVING


async def _service_of(message: bytes) -> str:
    return str(health_pb2.HealthCheckRequest.FromString(message).service)


def _reply(status: Any) -> bytes:
    return bytes(health_pb2.HealthCheckResponse(status=status).SerializeToString())
