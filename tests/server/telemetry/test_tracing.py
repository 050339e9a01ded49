"""The trace that a request comes with: what is taken, and where its id appears."""

from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from server.engines.fleet.fleet import Fleet
from server.engines.work import InferenceRequest
from server.telemetry.tracing import Trace, named, received_trace
from tests.level_model import level_png
from tests.server.oip.served_app import served_app
from tests.server.process import ServerProcess

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"


def received(*parents: str, state: tuple[str, ...] = ()) -> Trace | None:
    return received_trace([*((b"traceparent", each.encode()) for each in parents), *((b"tracestate", each.encode()) for each in state)])


def test_what_the_standard_allows() -> None:
    assert received(SAMPLED) == Trace(TRACE, PARENT, sampled=True)
    assert received(UNSAMPLED) == Trace(TRACE, PARENT)
    assert received(f"00-{TRACE}-{PARENT}-03") == Trace(TRACE, PARENT, sampled=True)  # flags that later versions know
    assert received(f"cc-{TRACE}-{PARENT}-01-what-comes-later") == Trace(TRACE, PARENT, sampled=True)
    assert received(SAMPLED, state=("rojo=1", "congo=2")) == Trace(TRACE, PARENT, sampled=True, state="rojo=1,congo=2")


@pytest.mark.parametrize(
    "parent",
    [
        "",
        TRACE,
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}-1",
        f"00-{TRACE}-{PARENT}-0x",
        f"00-{TRACE}-{PARENT}-01-more",
        f"ff-{TRACE}-{PARENT}-01",
        f"0-{TRACE}-{PARENT}-01",
        f"cc-{TRACE}-{PARENT}-01more",
        f"cc-{TRACE}-{PARENT}-01-{'x' * 300}",
        f"{SAMPLED}\n",
        f'00-{TRACE[:-1]}"-{PARENT}-01',
    ],
)
def test_what_it_does_not_allow_does_not_count(parent: str) -> None:
    assert received(parent) is None


def test_two_parents_are_none() -> None:
    assert received(SAMPLED, SAMPLED) is None
    assert received() is None


def test_a_state_that_is_too_long_is_dropped_alone() -> None:
    assert received(SAMPLED, state=("a=" + "x" * 5000,)) == Trace(TRACE, PARENT, sampled=True)


def test_the_access_log_has_the_trace_beside_our_own_id(fake_server: ServerProcess) -> None:
    for number, parent in enumerate((UNSAMPLED, "00-nonsense", "")):
        headers = {"X-Request-Id": f"traced-{number}", "traceparent": parent}
        reply = fake_server.client.post("/classify", content=level_png(8), headers=headers)
        assert reply.headers["x-request-id"] == f"traced-{number}"
        assert fake_server.log(f"traced-{number}").get("trace_id") == (None if number else TRACE)


def test_engines_get_the_trace_with_the_name_of_the_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a fleet logs of an image, a shadow, or a process of an engine, has this name."""
    seen: list[str] = []
    submit = Fleet.submit

    def seeing(fleet: Fleet, request: InferenceRequest, *rest: Any) -> Any:
        seen.append(request.id)
        return submit(fleet, request, *rest)

    monkeypatch.setattr(Fleet, "submit", seeing)
    with served_app(tmp_path, engines="fake") as served:
        for headers in ({"X-Request-Id": "mine", "traceparent": SAMPLED}, {"X-Request-Id": "mine"}):
            assert served.ask("POST", "/classify", content=level_png(8), headers=headers).status_code == 200
        files = [("image", level_png(8)), ("image", level_png(8))]
        served.ask("POST", "/classify/batch", files=files, headers={"X-Request-Id": "many", "traceparent": SAMPLED})
    assert seen == [f"mine of trace {TRACE}", "mine", f"many-0 of trace {TRACE}", f"many-1 of trace {TRACE}"]
    assert named("mine", "") == "mine"


def test_a_fault_is_logged_with_its_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    with served_app(tmp_path, engines="fake") as served:
        monkeypatch.setattr(Fleet, "submit", fail)
        assert served.ask("POST", "/classify", content=level_png(8), headers={"traceparent": UNSAMPLED}).status_code == 500
        assert served.ask("POST", "/classify", content=level_png(8)).status_code == 500
    assert [getattr(record, "trace_id", "") for record in caplog.records if record.name == "server.faults"] == [TRACE, ""]


def test_traces_that_somebody_keeps_are_exemplars(tmp_path: Path) -> None:
    with served_app(tmp_path, engines="fake") as served:
        for parent in (UNSAMPLED, SAMPLED.replace("4bf9", "5bf9")):
            served.ask("POST", "/classify", content=level_png(8), headers={"traceparent": parent})
        reply = served.ask("GET", "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"})
        assert reply.headers["content-type"].startswith("application/openmetrics-text")
        families = {family.name: family for family in text_string_to_metric_families(reply.text)}  # type: ignore[no-untyped-call]
        exemplars = [one.exemplar.labels for one in families["classify_http_request_duration_seconds"].samples if one.exemplar]
        assert exemplars == [{"trace_id": TRACE.replace("4bf9", "5bf9")}]
        plain = served.ask("GET", "/metrics")
        assert plain.headers["content-type"].startswith("text/plain")
        assert "trace_id" not in plain.text
