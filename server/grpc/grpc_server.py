"""The gRPC server, on the event loop of the HTTP server: inference, health, reflection."""

import logging

import grpc

from server.grpc.grpc_calls import Calls
from server.grpc.grpc_health import HEALTH, HealthService
from server.grpc.grpc_reflection import DESCRIBED, REFLECTIONS, Reflection
from server.grpc.inference_service import SERVICE, InferenceService
from server.grpc.known_methods import known_methods_server
from server.grpc.message_reader import UNREAD_BYTES
from server.http.limits import GRPC_CONNECTIONS
from server.serving.reload import Reloader
from server.serving.service import Service

logger = logging.getLogger(__name__)

HEADERS_BYTES = 32 * 1024
IDLE_MS = 300_000
"""After which a connection without calls is closed; a client opens the next one by itself."""


class GrpcServer:
    """Listens from `start` to `stop`."""

    def __init__(self, service: Service, reloader: Reloader, calls: Calls) -> None:
        self._service = service
        self._inference = InferenceService(service, reloader, calls)
        self._server: grpc.aio.Server | None = None

    async def start(self, port: int) -> int:
        """Listen on a port, or on a free one for 0; returns the port. Raises RuntimeError if it is taken."""
        settings = self._service.settings
        options = (
            ("grpc.max_receive_message_length", settings.max_body_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.max_metadata_size", HEADERS_BYTES),
            ("grpc.http2.bdp_probe", 0),  # which lets a client send megabytes of each message before it is read
            ("grpc.http2.lookahead_bytes", UNREAD_BYTES),
            ("grpc.max_allowed_incoming_connections", GRPC_CONNECTIONS),
            ("grpc.server_handshake_timeout_ms", int(1000 * settings.client_timeout_s)),
            ("grpc.so_reuseport", 0),  # another server on the port is an error
            ("grpc.max_connection_idle_ms", IDLE_MS),
        )
        self._server = server = known_methods_server(options)
        server.add_registered_method_handlers(SERVICE, self._inference.methods())
        server.add_registered_method_handlers(HEALTH, HealthService(self._service).methods())
        for name in REFLECTIONS:
            server.add_registered_method_handlers(name, Reflection((SERVICE, HEALTH, DESCRIBED), settings.keep_alive_s).methods())
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        if settings.tls_cert and settings.tls_key:
            pair = settings.tls_key.read_bytes(), settings.tls_cert.read_bytes()
            found = server.add_secure_port(f"{host}:{port}", grpc.ssl_server_credentials((pair,)))
        else:
            found = server.add_insecure_port(f"{host}:{port}")
        await server.start()
        logger.info("gRPC on %s:%d", host, found)
        return int(found)

    async def stop(self) -> None:
        """Take no more calls, and finish those in flight."""
        if self._server:
            await self._server.stop(self._service.settings.drain_s)
