"""grpc.health.v1: the same answer as GET /health/ready, for Kubernetes' probes and Envoy."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from server.grpc.inference_service import SERVICE
from server.serving.service import Service

WATCH_S = 0.5
"""Between two looks for a client that watches."""


class HealthService(health_pb2_grpc.HealthServicer):
    """Needs no key."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's names
        """Whether the server takes requests: NOT_SERVING before it is ready and from the begin of its drain."""
        if request.service not in ("", SERVICE):
            await context.abort(grpc.StatusCode.NOT_FOUND, f"There is no service {request.service[:80]!r} here.")
        return health_pb2.HealthCheckResponse(status=self._status())

    async def Watch(self, request: Any, _context: Any) -> AsyncIterator[Any]:  # noqa: N802
        """The same, now and whenever it changes."""
        known = request.service in ("", SERVICE)
        last = None
        while True:
            status = self._status() if known else health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
            if status != last:
                yield health_pb2.HealthCheckResponse(status=status)
                last = status
            await asyncio.sleep(WATCH_S)

    def _status(self) -> Any:
        words = health_pb2.HealthCheckResponse
        return words.SERVING if self._service.readiness()[0] else words.NOT_SERVING
