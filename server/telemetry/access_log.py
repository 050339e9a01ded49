"""The access log: one line per request, in the format of the other logs, written in groups: single writes cost a tenth of a request."""

import asyncio
import sys
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as quoted
from typing import TextIO

FLUSH_S = 0.05


class AccessLog:
    """Collects lines and writes them in order after a moment. Only for the event loop's thread."""

    def __init__(self, *, json: bool, stream: TextIO = sys.stderr) -> None:
        self._json = json
        self._stream = stream
        self._lines: list[str] = []

    def request(
        self, request_id: str, method: str, path: str, status: int, elapsed_s: float, client: str, key: str = "", trace_id: str = ""
    ) -> None:
        """Record an answered request; texts from the client are escaped. `key` is the name of its API key."""
        now, elapsed_ms = datetime.now(UTC), elapsed_s * 1000
        method, path, client = quoted(method), quoted(path), quoted(client)
        if self._json:
            time, named = now.isoformat(timespec="milliseconds"), f', "key": "{key}"' if key else ""
            if trace_id:
                named += f', "trace_id": "{trace_id}"'
            self._lines.append(
                f'{{"time": "{time}", "level": "info", "logger": "server.access", '
                f'"message": "{method[1:-1]} {path[1:-1]} {status} {elapsed_ms:.1f} ms", "request_id": "{request_id}", '
                f'"method": {method}, "path": {path}, "status": {status}, "duration_ms": {elapsed_ms:.2f}, "client": {client}{named}}}\n'
            )
        else:
            time, named = now.astimezone().strftime("%H:%M:%S"), f" key={key}" if key else ""
            if trace_id:
                named += f" trace={trace_id}"
            self._lines.append(
                f"{time} INFO    {method[1:-1]} {path[1:-1]} {status} {elapsed_ms:.1f} ms {client[1:-1]}{named} {request_id}\n"
            )
        if len(self._lines) == 1:
            asyncio.get_running_loop().call_later(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Write the collected lines."""
        lines, self._lines = self._lines, []
        if lines:
            self._stream.write("".join(lines))
            self._stream.flush()
