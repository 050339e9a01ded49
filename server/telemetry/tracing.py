"""The trace of a request across services: read from its headers by W3C Trace Context (https://www.w3.org/TR/trace-context/).

Without a collector this is all there is: the id of the trace goes into the logs. server/telemetry/span_export.py adds the spans.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

TRACEPARENT, TRACESTATE = b"traceparent", b"tracestate"
_TRACEPARENT = re.compile(rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-[\x20-\x7e]*)?")
_SAMPLED = 1
RPC = "classify.rpc"
"""In a scope: the system of a remote call, as `grpc`; a request over HTTP has none."""
MAX_TRACEPARENT_BYTES = 256
"""Of a later version, which may say more behind what is known."""
MAX_TRACESTATE_BYTES = 4096
"""The standard wants 512 at least."""


@dataclass(slots=True)
class Trace:
    """What is known of a request's trace: its id, the span that called, and whether the caller keeps it. `state` is other systems' words.

    `span` is that of the request, where spans are sent to a collector; it is the exporter's.
    """

    trace_id: str
    parent_id: str = ""
    sampled: bool = False
    state: str = ""
    span: Any = None

    @property
    def exemplar(self) -> dict[str, str] | None:
        """What a histogram keeps of this request: its trace, if somebody keeps that."""
        return {"trace_id": self.trace_id} if self.sampled else None


def named(request_id: str, trace_id: str) -> str:
    """What logs call an image of a request."""
    return f"{request_id} of trace {trace_id}" if trace_id else request_id


def received_trace(headers: Iterable[tuple[bytes, bytes]]) -> Trace | None:
    """The trace that a request comes with; None without one, and for one that is not as the standard says: then it does not count."""
    parents = [value for name, value in headers if name == TRACEPARENT]
    if len(parents) != 1 or len(parents[0]) > MAX_TRACEPARENT_BYTES:
        return None
    found = _TRACEPARENT.fullmatch(parents[0].strip(b" \t"))
    if not found or (found[1] == b"00" and found[5] is not None):  # only a later version may say more
        return None
    state = b",".join(value for name, value in headers if name == TRACESTATE)
    told = state.decode("ascii", "replace") if len(state) <= MAX_TRACESTATE_BYTES else ""
    return Trace(found[2].decode(), found[3].decode(), bool(int(found[4], 16) & _SAMPLED), told)


class Traces:
    """Takes the traces that requests come with. `begins` says whether requests without one get their own."""

    begins = False

    def begin(self, scope: Mapping[str, Any]) -> Trace | None:
        """The trace of a request that begins now."""
        return received_trace(scope["headers"])

    def end(self, trace: Trace, scope: Mapping[str, Any], endpoint: str, told: "Ended") -> None:
        """The request has ended."""

    def close(self) -> None:
        """Send what is left."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a span says of a request that has ended; the stages are in the order in which they happened."""

    request_id: str
    status: int
    elapsed_s: float
    stages_s: Mapping[str, float]
    engine: str = ""


ONLY_RECEIVED = Traces()
"""Without a collector."""
