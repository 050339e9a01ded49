"""One JSON object a line."""

import json
import logging

from server.telemetry.logs import JsonFormatter, TextFormatter


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


HOSTILE = 'x"\n2026 INFO forged\x1b[2J\x9b\u2028\u202e'


def test_what_a_client_writes_stays_in_its_field() -> None:
    line = JsonFormatter().format(record(path=HOSTILE, exc_info=(ValueError, ValueError(HOSTILE), None)))
    assert line.isprintable()
    assert json.loads(line)["path"] == HOSTILE


def test_plain_lines_cannot_be_forged() -> None:
    made = record(exc_info=(ValueError, ValueError(HOSTILE), None))
    made.msg, made.args = "refused: %s", (HOSTILE,)
    first, *trace = TextFormatter("%(levelname)s %(message)s").format(made).split("\n")
    assert first == 'WARNING refused: x"\\u000a2026 INFO forged\\u001b[2J\\u009b\\u2028\\u202e'
    assert trace == ['  ValueError: x"', "  2026 INFO forged\\u001b[2J\\u009b\\u2028\\u202e"]
