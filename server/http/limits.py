"""The limits of a client before the application sees its request."""

import resource
from dataclasses import dataclass

from server.settings import Settings

MAX_URL_BYTES = 8 * 1024
MAX_PARAMETERS = 64
"""Of a query: to take a few thousand apart holds the event loop for ten milliseconds."""
MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
MAX_PIPELINED = 32
MIN_BODY_RATE = 8 * 1024
"""The mean bytes per second of a body after the client's timeout."""
CHUNK_OVERHEAD_BYTES = 64 * 1024
"""The largest overhead of chunked framing, in addition to a quarter of the body's bytes."""
DISCARD_BYTES = 1024 * 1024
"""The bytes of an unwanted body that are read and dropped, so that the client can read its answer instead of a reset."""
LINGER_S = 2.0
REFUSALS_PER_S = 500
"""Answers 429 per second. With a dropped body of DROPPED_BYTES each costs 0.1 to 0.2 ms: together a twentieth of two cores."""
DROPPED_BYTES = 100_000
"""So many bytes of a body are in the price of its refusal; each further so many count as one more."""
MAX_REFUSED = 128
"""So many connections over the limit get an error; further ones are reset."""
FILES_BESIDES = 256
"""Open files that are not connections: models, libraries, logs, and refused connections that get their error."""
GRPC_CONNECTIONS = 1024
"""Connections of the port of gRPC. More are closed at once, so that they never take the files of others."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The limits from the settings."""

    connections: int
    client_timeout_s: float
    keep_alive_s: float


def files_besides(settings: Settings) -> int:
    """Open files that are not connections of HTTP."""
    return FILES_BESIDES + (GRPC_CONNECTIONS if settings.grpc_port else 0)


def read_connection_limits(settings: Settings) -> ConnectionLimits:
    """The limits of these settings. Raises the limit of open files if needed; if that fails, allows fewer connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    besides = files_besides(settings)
    wanted = settings.max_connections + besides
    files = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return ConnectionLimits(max(1, min(settings.max_connections, files - besides)), settings.client_timeout_s, settings.keep_alive_s)
