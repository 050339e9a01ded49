"""What a client may cost before the application sees its request."""

import resource
from dataclasses import dataclass

from server.settings import Settings

MAX_URL_BYTES = 8 * 1024
MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
MAX_PIPELINED = 32
MIN_BODY_RATE = 8 * 1024
"""Bytes a second that a body must bring on average once the client's timeout has passed."""
CHUNK_OVERHEAD_BYTES = 64 * 1024
"""What the framing of a chunked body may cost besides a quarter of its bytes."""
DISCARD_BYTES = 1024 * 1024
"""How much of an unwanted body is read and dropped, so that the client gets to read its answer instead of a reset."""
LINGER_S = 2.0
REFUSALS_PER_S = 500
"""Answers 429 a second. With a body of 100 KB that is read and dropped each costs 0.1 to 0.2 ms: a twentieth of two cores."""
MAX_REFUSED = 128
"""Connections over the limit that are told so; further ones are reset."""
FILES_BESIDES = 256
"""Open files that are not connections: models, libraries, logs, and refused connections that are being told so."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The limits that are settings."""

    connections: int
    client_timeout_s: float
    keep_alive_s: float


def read_connection_limits(settings: Settings) -> ConnectionLimits:
    """The limits of these settings; as many open files as they want are asked for, and fewer connections taken if they are refused."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_connections + FILES_BESIDES
    files = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return ConnectionLimits(max(1, min(settings.max_connections, files - FILES_BESIDES)), settings.client_timeout_s, settings.keep_alive_s)
