"""Logs: one JSON object per line for programs, plain lines for a person at a terminal."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

from models.printable import printable
from server.telemetry.access_log import AccessLog

_KNOWN = frozenset(vars(logging.makeLogRecord({})))


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: time, level, logger, message, and the fields of `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Render a record."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _KNOWN and key not in ("message", "color_message")}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return printable(json.dumps(line, ensure_ascii=False, default=str))


class TextFormatter(logging.Formatter):
    """A record as one line of text; a traceback follows on lines of its own, indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Render all but the traceback."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802, ANN401 - logging's name and type
        """Render a traceback; the error's own words may be a client's."""
        return "\n".join(f"  {printable(line)}" for line in super().formatException(ei).split("\n"))


def configure_logs(level: str, style: Literal["auto", "json", "text"]) -> AccessLog | None:
    """Send all loggers, also uvicorn's, to standard error in one format. Returns the access log if requests are logged."""
    handler = logging.StreamHandler(sys.stderr)
    json_lines = style == "json" or (style == "auto" and not sys.stderr.isatty())
    if json_lines:
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(TextFormatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of every malformed form, which is the client's fault
    logging.getLogger("uvicorn.access").disabled = True  # server.http.middleware logs every request with its id
    return AccessLog(json=json_lines) if logging.getLogger().isEnabledFor(logging.INFO) else None
