"""Spans as a real collector gets them, and a collector that does not answer."""

import importlib.util
import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from server.cli.flags import load_settings
from server.grpc import open_inference_pb2 as messages
from server.settings import SettingInvalid
from server.telemetry.span_export import MAX_QUEUED_SPANS, MAX_TEXT, TROUBLE_EVERY_S, ExportedTraces, Seldom, laid_out, open_traces, pairs
from server.telemetry.span_export import attributes as attributes_of
from server.telemetry.tracing import ONLY_RECEIVED, Ended
from tests.bench.peers.peer_server import free_port
from tests.level_model import level_png, store_level_model
from tests.server.process import ServerProcess
from tests.server.telemetry.collector import Collector, attributes, collector
from tests.server.telemetry.test_tracing import PARENT, SAMPLED, TRACE, UNSAMPLED

STAGES = ["read", "queue", "decode", "resize", "infer", "postprocess"]


@pytest.fixture(scope="module")
def received() -> Iterator[Collector]:
    with collector() as found:
        yield found


@pytest.fixture(scope="module")
def server(received: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("store")
    store_level_model(folder)
    settings: dict[str, Any] = {
        "otel_exporter_otlp_endpoint": received.url,
        "otel_exporter_otlp_headers": "authorization=Bearer%20abc",
        "otel_resource_attributes": "host.name=atlas-1",
        "grpc_port": free_port(),
        "otel_bsp_schedule_delay": 200,
    }
    with ServerProcess(model_store=folder, model="level", engines="stream", **settings) as found:
        found.grpc_address = f"127.0.0.1:{settings['grpc_port']}"  # type: ignore[attr-defined]
        yield found


def test_a_request_and_its_stages(server: ServerProcess, received: Collector) -> None:
    headers = {"traceparent": SAMPLED, "tracestate": "rojo=1", "X-Request-Id": "mine", "User-Agent": "test/1"}
    reply = server.client.post("/classify", content=level_png(8), headers=headers)
    spans = received.trace(TRACE, 1 + len(STAGES))
    [whole] = [span for span in spans if span.kind == span.SPAN_KIND_SERVER]
    children = [span for span in spans if span is not whole]
    assert (whole.name, whole.parent_span_id.hex(), whole.trace_state) == ("POST /classify", PARENT, "rojo=1")
    assert attributes(whole) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/classify",
        "url.path": "/classify",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        "server.address": "127.0.0.1",
        "server.port": server.address[1],
        "client.address": "127.0.0.1",
        "user_agent.original": "test/1",
        "ascend_classify.request_id": "mine",
        "ascend_classify.engine": "stream",
    }
    assert [child.name for child in children if child.name in STAGES] == STAGES
    assert {child.parent_span_id for child in children} == {whole.span_id}
    assert all(whole.start_time_unix_nano <= child.start_time_unix_nano <= child.end_time_unix_nano for child in children)
    timing_ms = reply.json()["timing_ms"]
    for child in children:
        assert (child.end_time_unix_nano - child.start_time_unix_nano) / 1e6 == pytest.approx(timing_ms[child.name], abs=0.002)
    assert abs(whole.start_time_unix_nano / 1e9 - time.time()) < 60
    assert received.resource["service.name"] == "ascend-classify"
    assert received.resource["host.name"] == "atlas-1"
    assert received.headers["authorization"] == "Bearer abc"


def test_the_caller_says_what_is_kept(server: ServerProcess, received: Collector) -> None:
    other = UNSAMPLED.replace("4bf9", "6bf9")
    server.client.post("/classify", content=level_png(8), headers={"traceparent": other})
    server.client.get("/health/ready", headers={"X-Request-Id": "asked-often"})
    server.client.get("/info", headers={"X-Request-Id": "alone"})  # a trace of its own, and the last one
    own = server.log('"alone"')["trace_id"]
    [span] = received.trace(own)
    assert (span.name, span.parent_span_id) == ("GET /info", b"")
    assert [each for each in received.spans if each.trace_id.hex() == TRACE.replace("4bf9", "6bf9") or "health" in each.name] == []
    assert "trace_id" not in server.log('"asked-often"')


def test_errors_and_what_is_not_kept_twice(server: ServerProcess, received: Collector) -> None:
    traced = SAMPLED.replace("4bf9", "7bf9")
    assert server.client.post("/classify?timeout_ms=1", content=b"no picture", headers={"traceparent": traced}).status_code == 415
    assert server.client.request("PROPFIND", "/coffee", headers={"traceparent": SAMPLED.replace("4bf9", "8bf9")}).status_code == 404
    refused = received.trace(TRACE.replace("4bf9", "7bf9"))[-1]
    assert (attributes(refused)["http.response.status_code"], refused.status.code) == (415, refused.status.STATUS_CODE_UNSET)
    brewed = received.trace(TRACE.replace("4bf9", "8bf9"))[-1]
    assert (brewed.name, attributes(brewed)["http.request.method"]) == ("HTTP other", "_OTHER")


def test_a_call_of_grpc(server: ServerProcess, received: Collector) -> None:
    content = level_png(8)
    message = messages.ModelInferRequest(model_name="level", raw_input_contents=[len(content).to_bytes(4, "little") + content])
    message.inputs.add(name="image", datatype="BYTES", shape=[1])
    with grpc.insecure_channel(server.grpc_address) as channel:  # type: ignore[attr-defined]
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        call(message.SerializeToString(), metadata=(("traceparent", SAMPLED.replace("4bf9", "9bf9")),))
    spans = received.trace(TRACE.replace("4bf9", "9bf9"), 2)
    [whole] = [span for span in spans if span.kind == span.SPAN_KIND_SERVER]
    assert whole.name == "inference.GRPCInferenceService/ModelInfer"
    assert attributes(whole)["rpc.method"] == "ModelInfer"
    assert "infer" in {span.name for span in spans}
    assert server.log("/inference.GRPCInferenceService/ModelInfer")["trace_id"] == TRACE.replace("4bf9", "9bf9")


def test_what_is_left_is_sent_at_the_end() -> None:
    with collector() as found:
        with ServerProcess(engines="fake", otel_exporter_otlp_endpoint=found.url) as server:
            server.client.post("/classify", content=level_png(8))
        assert "POST /classify" in {span.name for span in found.spans}


@pytest.mark.parametrize("silent", [False, True], ids=["refuses", "never answers"])
def test_a_collector_that_is_away_keeps_nobody_waiting(silent: bool) -> None:
    """More spans than the queue holds; the answers come, and the server ends with 0."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if not silent:
            listener.close()
        with ServerProcess(engines="fake", otel_exporter_otlp_endpoint=f"http://127.0.0.1:{port}") as server:
            requests, began_s = MAX_QUEUED_SPANS // 3 + 10, time.monotonic()  # each has three spans
            answers = [server.client.post("/classify", content=level_png(8)).status_code for _ in range(requests)]
            assert answers == [200] * requests
            troubles = server.troubles()
        assert server.wait() == 0
    assert len(troubles) <= 1 + (time.monotonic() - began_s) // TROUBLE_EVERY_S  # not one for each span, nor for each batch


def asked(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    """The scope of a request with these headers."""
    return {"type": "http", "method": "GET", "path": "/info", "headers": list(headers)}


def test_little_of_an_answer_is_read_and_a_redirect_is_no_success(caplog: pytest.LogCaptureFixture) -> None:
    """A collector whose answer has 10 GB, and then one that sends on to another address."""
    answers, sent_bytes = [b"200 OK\r\nContent-Length: 10000000000", b"301 Moved\r\nLocation: https://x/\r\nContent-Length: 0"], 0

    def answer() -> None:
        nonlocal sent_bytes
        for head in answers:
            client, _ = listener.accept()
            with client:
                client.recv(65536)
                try:
                    client.sendall(b"HTTP/1.1 " + head + b"\r\n\r\n")
                    while b"10000000000" in head and sent_bytes < 100_000_000:
                        sent_bytes += client.send(bytes(65536))
                except ConnectionError:
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        for _ in answers:
            traces = open_traces(load_settings(otel_exporter_otlp_endpoint=f"http://127.0.0.1:{listener.getsockname()[1]}"))
            trace = traces.begin(asked())
            assert trace
            traces.end(trace, asked(), "/info", Ended("id", 200, 0.5, {}))
            traces.close()
        thread.join()
    assert sent_bytes < 50_000_000
    assert [line.getMessage() for line in caplog.records] == [
        "Failed to export spans batch code: None, reason: the collector answers 301. Name the address where it is"
    ]


NOWHERE = "http://127.0.0.1:9"


def test_the_name_of_the_service_beats_the_attribute() -> None:
    def named(**settings: str) -> object:
        traces = open_traces(load_settings(otel_exporter_otlp_endpoint=NOWHERE, otel_resource_attributes="service.name=b", **settings))
        assert isinstance(traces, ExportedTraces)
        traces.close()
        return traces.provider.resource.attributes["service.name"]

    assert [named(otel_service_name="a"), named()] == ["a", "b"]


def test_a_clients_tracestate_writes_no_log_and_its_texts_are_cut(caplog: pytest.LogCaptureFixture) -> None:
    traces = open_traces(load_settings(otel_exporter_otlp_endpoint=NOWHERE))
    for state in (b"UPPER=1", b"a=1,a=2", b",".join(b"k%d=1" % number for number in range(100)), b"\xff=1"):
        trace = traces.begin(asked((b"traceparent", SAMPLED.encode()), (b"tracestate", state)))
        assert trace
        assert (trace.trace_id, trace.state) == (TRACE, "")
    traces.close()
    assert caplog.records == []
    long = {**asked((b"user-agent", b"x" * 30_000)), "path": "/" * 8000}
    assert max(len(text) for text in attributes_of(long, "other", Ended("id", 404, 0.5, {})).values() if isinstance(text, str)) == MAX_TEXT


def test_variables_of_opentelemetry_are_followed_or_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    monkeypatch.setenv("OTEL_PROPAGATORS", "tracecontext, baggage")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    assert not open_traces(load_settings()).begins
    assert caplog.messages == []
    open_traces(load_settings(otel_exporter_otlp_endpoint=NOWHERE)).close()
    assert [line.partition(" has no effect")[0] for line in caplog.messages] == ["OTEL_TRACES_EXPORTER"]
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", NOWHERE)
    open_traces(load_settings())
    assert caplog.messages[-1].startswith("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT has no effect")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "1")
    with pytest.raises(SettingInvalid, match=r"A variable that begins with OTEL_ cannot be: .*size"):
        open_traces(load_settings(otel_exporter_otlp_endpoint=NOWHERE))


def test_the_sdk_may_be_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    traces = open_traces(load_settings(otel_exporter_otlp_endpoint=NOWHERE))
    assert traces.begin(asked()) is None
    trace = traces.begin(asked((b"traceparent", SAMPLED.encode())))
    assert trace
    assert trace.trace_id == TRACE
    traces.end(trace, asked(), "/info", Ended("id", 200, 0.5, {}))
    traces.close()


def test_lines_pass_seldom() -> None:
    line, seldom = logging.makeLogRecord({}), Seldom(0.05)
    assert [seldom.let(line), seldom.let(line)] == [True, False]
    time.sleep(0.06)
    assert seldom.let(line)


def test_stages_end_with_the_request() -> None:
    told = Ended("id", 200, 1.0, {"read": 0.125, "infer": 0.5, "queue": 0.25})
    assert list(laid_out(told)) == [("read", 0.0, 0.125), ("queue", 0.25, 0.5), ("infer", 0.5, 1.0)]
    assert list(laid_out(Ended("id", 404, 1.0, {}))) == []
    assert list(laid_out(Ended("id", 200, 0.5, {"read": 0.25, "infer": 0.5}))) == [("read", 0.0, 0.25), ("infer", 0.25, 0.75)]


def test_without_a_collector_nothing_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert not open_traces(load_settings()).begins
    assert not ONLY_RECEIVED.begins


@pytest.mark.parametrize("missing", ["opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"])
def test_a_missing_extra_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    def find_spec(name: str) -> object:
        if name == missing == "opentelemetry.sdk":
            raise ModuleNotFoundError(name)
        return None if name == missing else object()

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    with pytest.raises(SettingInvalid, match=rf"the package of {missing} is missing. .* -m pip install 'ascend-classify\[otel\]'"):
        open_traces(load_settings(otel_exporter_otlp_endpoint="http://localhost:4318"))


def test_pairs() -> None:
    assert pairs("X", " a = 1, b=x%3D2 ,") == {"a": "1", "b": "x=2"}
    assert pairs("X", "") == {}
    for wrong in ("a", "=1"):
        with pytest.raises(SettingInvalid, match="X has an entry without a name or a value"):
            pairs("X", wrong)


@pytest.mark.parametrize("wrong", ["localhost:4318", "grpc://localhost:4317"])
def test_an_address_is_one_of_http(wrong: str) -> None:
    with pytest.raises(SettingInvalid, match="otel_exporter_otlp_endpoint"):
        load_settings(otel_exporter_otlp_endpoint=wrong)
