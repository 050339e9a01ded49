"""One JSON object a line."""

import json
import logging

from server.telemetry.logs import JsonFormatter


def record(**extra: object) -> logging.LogRecord:
    made = logging.LogRecord("server.test", logging.WARNING, "file.py", 1, "said %s\nand more", ("this",), None)
    vars(made).update(extra)
    return made


def test_a_line_holds_the_message_and_the_extra_fields() -> None:
    line = JsonFormatter().format(record(request_id="abc", path="/ü"))
    assert "\n" not in line
    fields = json.loads(line)
    assert fields.pop("time").endswith("+00:00")
    assert fields == {"level": "warning", "logger": "server.test", "message": "said this\nand more", "request_id": "abc", "path": "/ü"}


def test_an_exception_is_told() -> None:
    error = ValueError("deep down")
    made = record(exc_info=(type(error), error, None))
    assert "ValueError: deep down" in json.loads(JsonFormatter().format(made))["exception"]
