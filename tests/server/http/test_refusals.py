"""A refusal has a status, headers and an error body."""

import asyncio
import json
from time import perf_counter

from server.api.cross_origins import CrossOrigins
from server.errors import TooManyConnections
from server.http.limits import ConnectionLimits
from server.http.refusals import Refusals
from server.telemetry.metrics import Metrics


def test_a_refusal_is_an_answer_like_any_other_and_counted() -> None:
    metrics = Metrics()
    refusals = Refusals(ConnectionLimits(1, 1, 1), metrics, lambda: "fake", CrossOrigins("https://shop.example"))
    head, _, body = refusals.refusal(
        TooManyConnections("Full."), {b"x-request-id": b"id-1", b"origin": b"https://shop.example"}, perf_counter(), [(b"date", b"today")]
    ).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 503 Service Unavailable"
    assert {"date: today", "x-request-id: id-1", "x-engine: fake", "connection: close", "retry-after: 1"} < set(lines)
    assert "access-control-allow-origin: https://shop.example" in lines
    assert json.loads(body) == {"error": "Full.", "code": "too_many_connections", "request_id": "id-1"}
    assert metrics.registry.get_sample_value("classify_rejected_total", {"model": "", "reason": "too_many_connections"}) == 1
    labels = {"endpoint": "other", "method": "other", "code": "503"}
    assert metrics.registry.get_sample_value("classify_http_requests_total", labels) == 1


def test_the_sweep_goes_on() -> None:
    async def seen() -> list[float]:
        times: list[float] = []
        third = asyncio.Event()

        def note(now_s: float) -> None:
            times.append(now_s)
            if len(times) == 3:
                third.set()

        Refusals(ConnectionLimits(1, 1, 1), Metrics(), lambda: "fake").sweep(note, asyncio.get_running_loop())
        await third.wait()
        return times

    times = asyncio.run(seen())
    assert times == sorted(times)
