"""A gRPC server that takes the calls of its own methods only, refuses all others without a look at their names, and resets calls.

grpcio 1.85 decodes the name of any other method as UTF-8 in the loop that takes calls. A name that is not UTF-8 ends that loop, and with
it the server: one request of a hundred bytes from anybody. And it keeps a call that has ended until its client has taken the end. So this
leans on private names of grpcio, which is why pyproject.toml allows only the releases of one minor version.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar, copy_context
from functools import partial
from traceback import clear_frames
from typing import Any

import grpc
from grpc._cython import cygrpc

END_S = 1.0
"""The longest for a client to take the end of its call."""
NOT_FOUND = "Method not found!"  # as grpcio says it
_CALL: ContextVar[list["asyncio.Task[Any]"]] = ContextVar("_CALL")
"""The task that keeps the call of the current task, and by which alone it can be reset."""


class _KnownMethods(cygrpc.AioServer):  # type: ignore[misc] # grpcio has no types
    """Takes calls beside the loop that grpcio has for it, which with each call begins to wait for the next of all methods anew.

    That loop gets a future for each method, and for None, which is any other method. None of them has a result before the server ends.
    Every method takes a stream of requests, so that it can refuse a call before it reads.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *given: Any) -> None:
        super().__init__(loop, *given)
        self._asyncio = loop
        self._handlers: dict[str, Any] = {}
        self._kept: set[asyncio.Task[None]] = set()
        self._ends = False

    def add_registered_method_handlers(self, handlers: Mapping[str, Any]) -> None:
        super().add_registered_method_handlers(handlers)
        self._handlers.update(handlers)

    def _make_request_call_future(self, method: bytes | None) -> Any:
        if method is None:
            return asyncio.create_task(self._take(self._request_call, _refuse))
        name = method.decode()
        answer = partial(self._answer, name, self._handlers[name])
        return asyncio.create_task(self._take(partial(self._request_registered_call, method), answer))

    async def _take(self, next_call: Callable[[], Awaitable[Any]], answer: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
        """Ends when the server ends, by the error of its next call."""
        while True:
            try:
                self._begin(answer(await next_call()))
            except cygrpc._RequestCallError:  # noqa: SLF001 - see above
                if self._ends:
                    raise

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        context, kept = copy_context(), list["asyncio.Task[Any]"]()
        context.run(_CALL.set, kept)
        task = self._asyncio.create_task(work, context=context)
        kept.append(task)
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)

    def _answer(self, name: str, handler: Any, call: Any) -> Coroutine[Any, Any, None]:
        handle = cygrpc._handle_stream_stream_rpc if handler.response_streaming else cygrpc._handle_stream_unary_rpc  # noqa: SLF001
        return cygrpc._schedule_rpc_coro(handle(handler, call, self._asyncio), call, self._asyncio, name)  # type: ignore[no-any-return] # noqa: SLF001

    async def shutdown(self, grace: float | None) -> None:
        self._ends = True
        await super().shutdown(grace)


async def _refuse(call: Any) -> None:
    context = cygrpc._ServicerContext(call, None, None, asyncio.get_running_loop())  # noqa: SLF001 - see above
    with suppress(grpc.aio.AbortError, grpc.aio.UsageError, cygrpc.ExecuteBatchError):  # the answer, or that the client has gone
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, NOT_FOUND)


async def abort(context: Any, code: grpc.StatusCode, words: str, metadata: tuple[tuple[str, str], ...]) -> None:
    """End a call with a status. It is reset if its client does not take that: gRPC would go on to take a message, which nobody counts."""
    try:
        await context.abort(code, words, metadata)
    except grpc.aio.AbortError as error:
        for task in _CALL.get([]):
            _reset_late(task, error)
        raise
    except cygrpc.ExecuteBatchError:  # no status can be sent, since a first answer waits for its client
        for task in _CALL.get([]):
            task.cancel()
        raise asyncio.CancelledError from None


def _reset_late(task: "asyncio.Task[Any]", error: BaseException) -> None:
    late = asyncio.get_running_loop().call_later(END_S, _reset, task, error)
    task.add_done_callback(lambda _: late.cancel())


def _reset(task: "asyncio.Task[Any]", error: BaseException) -> None:
    task.cancel()
    clear_frames(error.__traceback__)  # which hold the call, and it holds the error
    error.__traceback__ = None


def known_methods_server(options: Sequence[tuple[str, Any]]) -> grpc.aio.Server:
    """A server without methods. Each of them bounds its own calls: were all counted together, some would take the places of others."""
    server = grpc.aio.server()
    server._server = _KnownMethods(asyncio.get_running_loop(), None, (), None, tuple(options), None)  # noqa: SLF001
    return server
