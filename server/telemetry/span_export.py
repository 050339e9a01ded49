"""Spans of requests for a collector of OpenTelemetry, with the extra `otel`; only `open_traces` needs it.

A span is made of times that are measured anyway, when its request has ended. A thread of the SDK sends spans in the background; those that
find no place in its queue are dropped, so a collector that is slow or away costs neither time nor memory.
"""

import importlib.util
import logging
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from server.setting_sources import variables
from server.settings import SettingInvalid, Settings
from server.telemetry.tracing import RPC, TRACEPARENT, Ended, Trace, Traces, received_trace

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider

MODULES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
INSTALL = f"{sys.executable} -m pip install 'ascend-classify[otel]'"
UNTOLD = ("/health/", "/metrics")
"""Paths that are asked every second: they get no traces of their own."""
MAX_QUEUED_SPANS = 2048
"""The SDK's own, which OTEL_BSP_MAX_QUEUE_SIZE changes."""
MAX_TEXT = 1024
"""Characters of a text that a client chose: a queue of spans with headers of 32 KB each would take 64 MB."""
MAX_ANSWER_BYTES = 64 * 1024
"""Of a collector's answer."""
ONLY: Mapping[str, tuple[str, ...]] = {
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": (),
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": ("http/protobuf",),
    "OTEL_EXPORTER_OTLP_PROTOCOL": ("http/protobuf",),
    "OTEL_TRACES_EXPORTER": ("otlp",),
    "OTEL_PROPAGATORS": ("tracecontext", "tracecontext,baggage"),
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER": (),
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER": (),
}
"""Variables of OpenTelemetry that this server does not follow, with the values that say what it does anyway."""
CLOSE_S = 2.0
TROUBLE_EVERY_S = 60.0
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
FAILED = 500

logger = logging.getLogger(__name__)


def open_traces(settings: Settings) -> Traces:
    """The traces as the settings want them; raises SettingInvalid."""
    tell_what_is_not_followed(variables("OTEL_"), sends=bool(settings.otel_exporter_otlp_endpoint))
    if not settings.otel_exporter_otlp_endpoint:
        return Traces()
    if missing := next((name for name in MODULES if not _is_there(name)), None):
        remedy = f"Leave OTEL_EXPORTER_OTLP_ENDPOINT empty, or install the extra: {INSTALL}"
        raise SettingInvalid(f"OTEL_EXPORTER_OTLP_ENDPOINT is set, and the package of {missing} is missing.", remedy)
    headers = settings.otel_exporter_otlp_headers
    told = pairs("OTEL_EXPORTER_OTLP_HEADERS", headers.get_secret_value() if headers else "")
    about, name = pairs("OTEL_RESOURCE_ATTRIBUTES", settings.otel_resource_attributes), {"service.name": settings.otel_service_name}
    about = about | name if "otel_service_name" in settings.model_fields_set else name | about
    try:
        return ExportedTraces(_provider(settings, told, about))
    except ValueError as error:  # of a variable that the package reads by itself
        raise SettingInvalid(f"A variable that begins with OTEL_ cannot be: {error}.", "Correct it, or unset it.") from error


def tell_what_is_not_followed(found: Mapping[str, str], *, sends: bool) -> None:
    """Warn of variables of OpenTelemetry that say how traces are sent and change nothing here; without a collector only of its address."""
    for name, followed in ONLY.items():
        value = found.get(name, "").replace(" ", "").lower()
        if value and value not in followed and (sends or name == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
            told = "%s has no effect: spans go to OTEL_EXPORTER_OTLP_ENDPOINT over OTLP/HTTP, or to nobody where that is empty."
            logger.warning(told, name)


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # the package around it
        return False


def pairs(setting: str, text: str) -> dict[str, str]:
    """The values of `name=value,name=value`, whose characters may be written as %20; raises SettingInvalid."""
    found = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (part.strip() for part in entry.partition("="))
        if not (name and equals):
            raise SettingInvalid(f"{setting} has an entry without a name or a value.", "Write it as name=value,other=value.")
        found[unquote(name)] = unquote(value)
    return found


def _provider(settings: Settings, headers: Mapping[str, str], about: Mapping[str, str]) -> "TracerProvider":
    import requests
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, TraceIdRatioBased

    logging.getLogger("opentelemetry.sdk._shared_internal").setLevel(logging.ERROR)  # it warns of every span that finds no place
    logging.getLogger("opentelemetry.trace.span").setLevel(logging.ERROR)  # and of every tracestate that is not as the standard says
    logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter").addFilter(Seldom(TROUBLE_EVERY_S).let)
    kind = settings.otel_traces_sampler.removeprefix("parentbased_")
    share = TraceIdRatioBased(settings.otel_traces_sampler_arg)
    sampler = {"always_on": ALWAYS_ON, "always_off": ALWAYS_OFF, "traceidratio": share}[kind]
    if settings.otel_traces_sampler.startswith("parentbased_"):
        sampler = ParentBased(sampler)
    session = requests.Session()
    session.stream = True
    session.hooks["response"].append(read_answer)
    exporter = OTLPSpanExporter(f"{settings.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces", headers=dict(headers), session=session)
    provider = TracerProvider(sampler, Resource.create(dict(about)), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def read_answer(response: Any, **_: Any) -> None:  # noqa: ANN401 - of requests, which without the extra is not there
    """Take little of a collector's answer, where requests would read all. A redirect is an error, which the SDK takes for success."""
    from requests import TooManyRedirects

    response.raw.read(MAX_ANSWER_BYTES, decode_content=False)
    response.close()
    if response.is_redirect:
        raise TooManyRedirects(f"the collector answers {response.status_code}. Name the address where it is")


class Seldom:
    """Lets a log line pass, and then none for a time: a collector that is away is told once a minute, not once a batch."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._next_s = float("-inf")

    def let(self, _record: logging.LogRecord) -> bool:
        """Whether a line passes."""
        now_s = time.monotonic()
        if now_s < self._next_s:
            return False
        self._next_s = now_s + self._every_s
        return True


class ExportedTraces(Traces):
    """Gives each request a span, and at its end one for each stage."""

    begins = True

    def __init__(self, provider: "TracerProvider") -> None:
        self.provider = provider
        self._tracer = provider.get_tracer("ascend-classify")

    def begin(self, scope: Mapping[str, Any]) -> Trace | None:
        """Begin the span of a request. Whether it is kept says the caller, or else the sampler."""
        from opentelemetry.trace import SpanKind

        headers, path = scope["headers"], scope["path"]
        parent = received_trace(headers) if any(name == TRACEPARENT for name, _ in headers) else None
        if parent is None and path.startswith(UNTOLD):
            return None
        span = self._tracer.start_span(f"{method_of(scope)} {path}", _context(parent), SpanKind.SERVER, start_time=time.time_ns())
        own = span.get_span_context()
        if not own.is_valid:  # OTEL_SDK_DISABLED
            return parent
        return Trace(f"{own.trace_id:032x}", f"{own.span_id:016x}", own.trace_flags.sampled, own.trace_state.to_header(), span)

    def end(self, trace: Trace, scope: Mapping[str, Any], endpoint: str, told: Ended) -> None:
        """End the span of a request, after those of its stages."""
        span = trace.span
        if span is None or not span.is_recording():
            return
        from opentelemetry.trace import Status, StatusCode, set_span_in_context

        inside = set_span_in_context(span)
        for stage, start_s, end_s in laid_out(told):
            child = self._tracer.start_span(stage, inside, start_time=span.start_time + int(start_s * 1e9))
            child.end(span.start_time + int(end_s * 1e9))
        span.update_name(endpoint.lstrip("/") if RPC in scope else f"{method_of(scope)} {endpoint}")
        span.set_attributes(attributes(scope, endpoint, told))
        if told.status >= FAILED:
            span.set_status(Status(StatusCode.ERROR))
        span.end(span.start_time + int(told.elapsed_s * 1e9))

    def close(self) -> None:
        """Send what is left, if the collector takes it at once."""
        closing = threading.Thread(target=self.provider.shutdown, name="traces-close", daemon=True)  # it has no bound of its own
        closing.start()
        closing.join(CLOSE_S)


def _context(parent: Trace | None) -> "Context":
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState, set_span_in_context

    if parent is None:
        return Context()
    state, flags = TraceState.from_header([parent.state]), TraceFlags(int(parent.sampled))
    remote = SpanContext(int(parent.trace_id, 16), int(parent.parent_id, 16), is_remote=True, trace_flags=flags, trace_state=state)
    return set_span_in_context(NonRecordingSpan(remote), Context())


def method_of(scope: Mapping[str, Any]) -> str:
    """The method, or what the conventions call one that no client should multiply."""
    return scope["method"] if scope["method"] in METHODS else "HTTP"


def laid_out(told: Ended) -> Iterator[tuple[str, float, float]]:
    """The stages with the seconds from the request's start to their own start and end.

    Their lengths are measured, their places are not: `read` comes first, the others one after the other up to the end, `queue` before the
    rest, although an image may wait again behind its decoding. What lies between is the check of the image and the way to the engine.
    """
    stages_s = dict(told.stages_s)
    read_s = stages_s.pop("read", 0.0)
    if "read" in told.stages_s:
        yield "read", 0.0, read_s
    at_s = max(read_s, told.elapsed_s - sum(stages_s.values()))
    for stage, length_s in sorted(stages_s.items(), key=lambda one: one[0] != "queue"):
        yield stage, at_s, at_s + length_s
        at_s += length_s


def attributes(scope: Mapping[str, Any], endpoint: str, told: Ended) -> dict[str, str | int]:
    """What OpenTelemetry's semantic conventions say of a request that a server answers, and its id and engine."""
    found = _of_rpc(scope, endpoint) if RPC in scope else _of_http(scope, endpoint, int(told.status))
    found |= {
        "client.address": (scope.get("client") or ("",))[0],
        "error.type": str(int(told.status)) if told.status >= FAILED else None,
        "ascend_classify.request_id": told.request_id,
        "ascend_classify.engine": told.engine,
    }
    return {name: value[:MAX_TEXT] if isinstance(value, str) else value for name, value in found.items() if value not in (None, "")}


def _of_rpc(scope: Mapping[str, Any], endpoint: str) -> dict[str, str | int | None]:
    service, _, method = endpoint.lstrip("/").partition("/")
    return {"rpc.system": scope[RPC], "rpc.service": service, "rpc.method": method}


def _of_http(scope: Mapping[str, Any], endpoint: str, status: int) -> dict[str, str | int | None]:
    host, port = scope.get("server") or ("", None)
    agent = next((value for name, value in scope["headers"] if name == b"user-agent"), b"").decode("latin-1")
    return {
        "http.request.method": scope["method"] if scope["method"] in METHODS else "_OTHER",
        "http.response.status_code": status,
        "http.route": endpoint if endpoint != "other" else None,
        "url.path": scope["path"],
        "url.scheme": scope.get("scheme"),
        "network.protocol.version": scope.get("http_version"),
        "server.address": host,
        "server.port": port,
        "user_agent.original": agent,
    }
