"""One connection: uvicorn's protocol, with limits against slow, endless, malformed or unwanted requests."""

import asyncio
from time import perf_counter
from typing import Any, cast
from urllib.parse import unquote

import httptools
from starlette.types import Scope
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.api.request_context import TELLS_WHEN_GONE
from server.errors import BadRequest, HeadersTooLarge, RequestTimeout, ServiceError
from server.http.cycle import Cycle, CycleTransport, ReadPhase
from server.http.head import NOTED, Head, uvicorns_parser
from server.http.limits import CHUNK_OVERHEAD_BYTES, DISCARD_BYTES, LINGER_S, MAX_HEAD_BYTES, MAX_HEADERS, MAX_PIPELINED, MIN_BODY_RATE
from server.http.overload import Overload, RefusedCycle, leaves
from server.http.refusals import Refusals


class Connection(HttpToolsProtocol):
    """Uvicorn's protocol with limits. A request sets no timer: the listener's sweep calls `end_if_overdue`."""

    def __init__(self, *, refusals: Refusals, overload: Overload, **uvicorns: Any) -> None:  # noqa: ANN401 - whatever uvicorn hands over
        super().__init__(**uvicorns)
        self._refusals = refusals
        self._overload = overload
        self._phase = ReadPhase.BETWEEN
        self._since_s = self.loop.time()  # when the phase began
        self._stalled_s = 0.0  # the time since the client reads nothing of its answer; 0 while it reads
        self._ends_s = 0.0  # when a closing connection is cut off; 0 if it is not closing
        self._begun = 0  # messages in this read
        self._phase_bytes = 0  # received in this phase, without the first read of a message
        self._active: Cycle | None = None
        self._refusal: ServiceError | None = None  # sent after the answers to earlier requests
        self.head = Head()

    def _busy(self) -> bool:
        return self._active is not None and not self._active.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Begin, unless the limit of connections is reached."""
        super().connection_made(transport)
        self._cycle_transport = cast("asyncio.Transport", CycleTransport(transport, self.finish))
        if refusal := self._refusals.places.enter(self):
            self._refuse(refusal)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application; drop the queued requests."""
        self._refusals.places.leave(self)
        self.pipeline.clear()
        if self._active and not self._active.response_complete:
            self._active.abandon()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data, or drop them."""
        if (phase := self._phase) is ReadPhase.UNWANTED:
            self._phase_bytes += len(data)
            self._overload.charge(len(data), self._phase_bytes)
            if self._phase_bytes > DISCARD_BYTES:
                self.transport.abort()
            return
        try:
            self._begun = 0
            self._parse(data)
        except httptools.HttpParserError as error:
            known = error.__context__ if isinstance(error.__context__, ServiceError) else None
            self._refuse(known or BadRequest(f"This is not HTTP/1.1: {error}."))
        else:
            if self._phase is phase and not self._begun:
                self._count(len(data))

    def _parse(self, data: bytes | memoryview) -> None:
        """Parse. If a request asks for another protocol, parse it again without that wish: the parser would leave out its body."""
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                again = self.head.without_upgrade(self.parser, self.url, self.headers)
                self.parser = uvicorns_parser(self)
                self.parser.feed_data(again)
                data, self._begun = memoryview(data)[upgrade.args[0] :], self._begun - 1
            else:
                return

    def _count(self, received_bytes: int) -> None:
        """Count a read that did not complete the phase."""
        self._phase_bytes += received_bytes
        if self._phase is ReadPhase.BODY:
            cycle = cast("Cycle", self.cycle)
            if self._phase_bytes > CHUNK_OVERHEAD_BYTES + cycle.received_bytes + cycle.received_bytes // 4:
                self._refuse(BadRequest("The body's chunks are too small, or its trailer is too large."))
        elif self._phase_bytes > MAX_HEAD_BYTES:
            if self._phase is ReadPhase.HEAD:
                self._refuse(HeadersTooLarge(f"The headers have more than {MAX_HEAD_BYTES} bytes."))
            elif not self._busy():  # empty lines without end
                self._linger()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.head = Head()
        self._phase, self._since_s, self._phase_bytes, self._begun = ReadPhase.HEAD, self.loop.time(), 0, self._begun + 1

    def on_url(self, url: bytes) -> None:
        """Collect a part of the URL."""
        self.url += url
        self.head.check_url(self.url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header; a trailer's headers are dropped, because the application already has the others."""
        if self._phase is ReadPhase.BODY:
            self.head.count_trailer()
            return
        name, value = name.lower(), value.strip(b" \t")  # RFC 9110, 5.5: blanks around a value are not part of it
        self.headers.append((name, value))
        if len(self.headers) > MAX_HEADERS:
            raise HeadersTooLarge(f"The request has more than {MAX_HEADERS} headers.", "Send fewer headers.")
        if name in NOTED:
            self.head.note(name, value)

    def on_headers_complete(self) -> None:
        """Pass the request to the application, or queue it behind an earlier one."""
        parser, head, scope = self.parser, self.head, self.scope
        method, version = parser.get_method(), parser.get_http_version()
        head.check(method, version, self.headers)
        cast("Scope", scope)[TELLS_WHEN_GONE] = True
        if parser.should_upgrade() or leaves(self.cycle):
            return  # `_parse` continues, or this one came behind the last
        url = httptools.parse_url(self.url)
        path = (raw_path := url.path or b"/").decode("ascii")
        scope["method"], scope["http_version"] = method.decode("ascii"), version
        scope["path"], scope["raw_path"], scope["query_string"] = unquote(path) if "%" in path else path, raw_path, url.query or b""
        if len(self.pipeline) >= MAX_PIPELINED or self._begun > MAX_PIPELINED + 1:  # those that are refused are not in the pipeline
            raise BadRequest(f"More than {MAX_PIPELINED} requests were sent before the first answer.")
        self._phase, self._since_s, self._phase_bytes = ReadPhase.BODY, self.loop.time(), 0
        keep_alive = version == "1.1" and parser.should_keep_alive()
        if not self._busy() and self._overload.wants(cast("Scope", scope), head):
            self._refuse_full(cast("Scope", scope), cast("int", head.content_length), keep_alive)
            return
        cycle = Cycle(
            scope=scope,
            transport=self._cycle_transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=head.expects_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )
        cycle.behind, cycle.content_length = self.pipeline, head.content_length
        self.cycle = cycle
        if self._busy():
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))
        else:
            self._start(cycle)

    def _refuse_full(self, scope: Scope, body_bytes: int, keep_alive: bool) -> None:  # noqa: FBT001
        """Refuse by the headers; the connection is kept if the client wants it and the body can be read and dropped."""
        self._phase = self._phase if (kept := keep_alive and body_bytes <= DISCARD_BYTES) else ReadPhase.UNWANTED
        self.cycle = cast("Cycle", RefusedCycle(kept))
        self.transport.write(self._overload.refuse(scope, self.server_state.default_headers, kept=kept))
        self._overload.drop(self, scope)

    def drop_rest(self) -> None:
        """Read on, and end a connection that is not kept."""
        if leaves(self.cycle):
            self._linger()
        else:
            self._since_s = self.loop.time()
            self.flow.resume_reading()

    def _start(self, cycle: Cycle) -> None:
        self._active = cycle
        self._start_asgi_task(cycle, self.app)

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body until the application takes it; drop it if the request needs no body."""
        cycle = cast("Cycle", self.cycle)
        cycle.received_bytes += len(body)
        if cycle.response_complete:
            self._overload.charge(len(body), cycle.received_bytes)
            return
        cycle.add(body)
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """Record that the request is complete."""
        if self._phase is not ReadPhase.BODY:
            return  # it asked for an upgrade, or its body is unwanted
        self._phase, self._since_s, self._phase_bytes = ReadPhase.BETWEEN, self.loop.time(), 0
        self.cycle.more_body = False
        self.cycle.message_event.set()

    def on_response_complete(self) -> None:
        """Continue with a queued request or with a waiting error."""
        self.server_state.total_requests += 1
        if self._ends_s or self.transport.is_closing():
            return
        self._since_s = self.loop.time()
        if self.pipeline:
            self._start(cast("Cycle", self.pipeline.pop()[0]))
        if not self.pipeline:
            self.flow.resume_reading()
        if self._refusal and not self._busy():
            self._answer(self._refusal)

    def _refuse(self, error: ServiceError) -> None:
        """Stop reading. If the application waits for this body, it answers with the error; else the error is written here, in its turn."""
        phase, self._phase, self._phase_bytes = self._phase, ReadPhase.UNWANTED, 0
        cycle = cast("Cycle | None", self.cycle)
        if phase is ReadPhase.BODY and cycle:
            self._refusals.count(error)
            if cycle.response_complete:
                self._linger()
            else:
                cycle.refuse(error)
        elif self._busy():
            self._refusal = error
        else:
            self._answer(error)

    def _answer(self, error: ServiceError) -> None:
        began_s = perf_counter() - (self.loop.time() - self._since_s)
        self.transport.write(self._refusals.refusal(error, dict(self.headers or ()), began_s, self.server_state.default_headers))
        self._linger()

    def finish(self) -> None:
        """Close after the written data. A client that is still sending can first read its answer."""
        if self._ends_s:
            return
        if self._phase is not ReadPhase.BETWEEN:
            self._linger()
            return
        self._ends_s = self.loop.time() + self._refusals.limits.client_timeout_s
        self.transport.close()

    def _linger(self) -> None:
        self._phase, self._phase_bytes = ReadPhase.UNWANTED, 0
        self._ends_s = self.loop.time() + LINGER_S
        if self.transport.can_write_eof():  # not over TLS: there the client closes, or the sweep does
            self.transport.write_eof()
        self.flow.resume_reading()

    def shutdown(self) -> None:
        """Close after the answers to the received requests. A new client gets a moment to send its first request."""
        if self._busy():
            self.cycle.keep_alive = False
        elif self._ends_s or (self.cycle and self._phase is ReadPhase.BETWEEN):
            self.finish()
        else:
            self._since_s = self.loop.time() + LINGER_S - self._refusals.limits.client_timeout_s

    def pause_writing(self) -> None:
        """Record that the client reads its answer too slowly."""
        self._stalled_s = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Record that the client has read most of its answer."""
        self._stalled_s = 0.0
        super().resume_writing()

    def waited_s(self) -> float:
        """How long this waits for its client; nothing while the client waits for the server, or sends a body fast enough."""
        body, now_s = self._phase is ReadPhase.BODY, self.loop.time()
        if self._stalled_s:
            return now_s - self._stalled_s
        if self._busy() and (self.flow.read_paused or not (body and self.cycle is self._active)):
            return 0.0
        return now_s - self._since_s - (cast("Cycle", self.cycle).received_bytes / MIN_BODY_RATE if body else 0.0)

    def end_if_overdue(self, now_s: float) -> None:
        """End a phase that takes longer than its limit."""
        limits, elapsed_s = self._refusals.limits, now_s - self._since_s
        if self._ends_s or self._stalled_s:
            if now_s > (self._ends_s or self._stalled_s + limits.client_timeout_s):
                self.transport.abort()
        elif self._phase is ReadPhase.BETWEEN:
            if elapsed_s > (limits.keep_alive_s if self.cycle else limits.client_timeout_s) and not self._busy():
                self.finish()
        elif self.flow.read_paused:
            self._since_s = now_s if self._busy() else self._since_s  # the client waits for the server; one that was refused, for its turn
        elif self._phase is ReadPhase.HEAD:
            if elapsed_s > limits.client_timeout_s:
                self._refuse(RequestTimeout("The headers did not arrive in time.", "Send it without pauses, or raise CLIENT_TIMEOUT_S."))
        elif self._phase is ReadPhase.BODY:
            received_bytes = cast("Cycle", self.cycle).received_bytes
            if elapsed_s > limits.client_timeout_s + received_bytes / MIN_BODY_RATE:
                self._refuse(
                    RequestTimeout(f"The body arrives more slowly than {MIN_BODY_RATE} bytes a second.", "Send it without pauses.")
                )
