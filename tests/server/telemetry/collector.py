"""A collector of OpenTelemetry on this machine: receives traces over OTLP/HTTP and keeps them."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

PATIENCE_S = 15


class Collector:
    """What has arrived: spans, the resource that sent them last, and the headers of the last message."""

    def __init__(self) -> None:
        self.url = ""
        self.spans: list[Any] = []
        self.resource: dict[str, str] = {}
        self.headers: dict[str, str] = {}

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """A message has arrived."""
        assert path == "/v1/traces"
        self.headers = headers
        message = ExportTraceServiceRequest.FromString(gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)
        for group in message.resource_spans:
            self.resource = {each.key: each.value.string_value for each in group.resource.attributes}
            self.spans += [span for scope in group.scope_spans for span in scope.spans]

    def trace(self, trace_id: str, spans: int = 1) -> list[Any]:
        """Wait for so many spans of a trace; all that there are, by their start."""
        self.wait(lambda: len(self._of(trace_id)) >= spans)
        return self._of(trace_id)

    def _of(self, trace_id: str) -> list[Any]:
        return sorted((span for span in self.spans if span.trace_id.hex() == trace_id), key=lambda span: span.start_time_unix_nano)

    def wait(self, until: Callable[[], object]) -> None:
        """Until something is so; raises AssertionError when it never is."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not until():
            assert time.monotonic() < deadline_s, f"not so after {PATIENCE_S} s; spans: {[span.name for span in self.spans]}"
            time.sleep(0.02)


def attributes(span: Any) -> dict[str, str | int]:
    """Those of a span."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


@contextmanager
def collector() -> Iterator[Collector]:
    """One that listens."""
    found = Collector()

    class Receive(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.take(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receive) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        found.url = f"http://127.0.0.1:{server.server_port}"
        yield found
        server.shutdown()
        thread.join()
