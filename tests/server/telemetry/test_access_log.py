"""The line a request leaves."""

import asyncio
import io
import json

import pytest

from server.telemetry.access_log import FLUSH_S, AccessLog


async def written(*, as_json: bool) -> str:
    stream = io.StringIO()
    log = AccessLog(json=as_json, stream=stream)
    log.request("id-1", "POST", "/classify", 200, 0.01234, "10.0.0.7", "phone")
    log.request("id-2", 'X"Y', "/a\\nb\u2028", 404, 2.0, "::1")
    assert stream.getvalue() == ""
    await asyncio.sleep(FLUSH_S * 3)
    return stream.getvalue()


def test_json_lines_say_all_and_cannot_be_broken_out_of() -> None:
    first, second = map(json.loads, asyncio.run(written(as_json=True)).split("\n")[:2])
    assert first | {"time": ""} == {
        "time": "",
        "level": "info",
        "logger": "server.access",
        "message": "POST /classify 200 12.3 ms",
        "request_id": "id-1",
        "method": "POST",
        "path": "/classify",
        "status": 200,
        "duration_ms": 12.34,
        "client": "10.0.0.7",
        "key": "phone",
    }
    assert (second["method"], second["path"], second["status"]) == ('X"Y', "/a\\nb\u2028", 404)
    assert "key" not in second


def test_plain_lines_are_short() -> None:
    first, second = asyncio.run(written(as_json=False)).splitlines(keepends=False)[:2]
    assert first.endswith("INFO    POST /classify 200 12.3 ms 10.0.0.7 key=phone id-1")
    assert 'X\\"Y' in second


@pytest.mark.parametrize("as_json", [True, False])
def test_no_field_breaks_out_of_its_line(as_json: bool) -> None:
    async def line() -> str:
        stream = io.StringIO()
        log = AccessLog(json=as_json, stream=stream)
        hostile = 'a"\n\x1b[31m\x7f\x9b\u2028'
        log.request("id", hostile, hostile, 404, 0, hostile)
        log.flush()
        return stream.getvalue()

    text = asyncio.run(line())
    assert text.endswith("\n")
    assert text[:-1].isprintable()
    if as_json:
        assert json.loads(text)["client"] == 'a"\n\x1b[31m\x7f\x9b\u2028'


def test_flush_writes_at_once_what_is_left() -> None:
    async def main() -> str:
        stream = io.StringIO()
        log = AccessLog(json=True, stream=stream)
        log.request("id", "GET", "/", 200, 0, "")
        log.flush()
        return stream.getvalue()

    assert json.loads(asyncio.run(main()))["path"] == "/"


def test_a_trace_is_in_both_formats() -> None:
    async def lines(*, as_json: bool) -> str:
        stream = io.StringIO()
        log = AccessLog(json=as_json, stream=stream)
        log.request("id-1", "GET", "/", 200, 0.1, "10.0.0.7", "phone", "4bf92f3577b34da6a3ce929d0e0e4736")
        log.flush()
        return stream.getvalue()

    found = json.loads(asyncio.run(lines(as_json=True)))
    assert (found["key"], found["trace_id"]) == ("phone", "4bf92f3577b34da6a3ce929d0e0e4736")
    assert asyncio.run(lines(as_json=False)).endswith(" key=phone trace=4bf92f3577b34da6a3ce929d0e0e4736 id-1\n")
