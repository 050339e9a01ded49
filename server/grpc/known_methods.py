"""A gRPC server that takes the calls of its own methods only, refuses all others without a look at their names, and resets calls.

grpcio 1.85 decodes the name of any other method as UTF-8 in the loop that takes calls. A name that is not UTF-8 ends that loop, and with
it the server: one request of a hundred bytes from anybody. And it keeps a call that has ended until its client has taken the end. So this
leans on private names of grpcio, which is why pyproject.toml allows only the releases of one minor version.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar, copy_context
from traceback import clear_frames
from typing import Any

import grpc
from grpc._cython import cygrpc

END_S = 1.0
"""The longest for a client to take the end of its call."""
NOT_FOUND = "Method not found!"  # as grpcio says it
_CALL: ContextVar[list["asyncio.Task[Any]"]] = ContextVar("_CALL")
"""The task of grpcio that keeps the call of the current task."""


class _CallTasks:
    """The loop, as the server sees it: each call can find the task that keeps it, and by which alone it can be reset."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def create_task(self, work: Any, *, name: str | None = None) -> "asyncio.Task[Any]":
        if name != "rpc_task":
            return self._loop.create_task(work, name=name)
        context, kept = copy_context(), list["asyncio.Task[Any]"]()
        context.run(_CALL.set, kept)
        kept.append(self._loop.create_task(work, name=name, context=context))
        return kept[0]


class _KnownMethods(cygrpc.AioServer):  # type: ignore[misc] # grpcio has no types
    """The loop that takes calls asks for the next call of each registered method, and with None for that of any other."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._refusals: set[asyncio.Task[None]] = set()

    def _make_request_call_future(self, method: bytes | None) -> Any:
        if method is None:
            return asyncio.get_running_loop().create_task(self._refuse_others())
        return super()._make_request_call_future(method)

    async def _refuse_others(self) -> None:
        """Ends when the server ends, by the error of its next call."""
        while True:
            task = asyncio.create_task(_refuse(await self._request_call()))
            self._refusals.add(task)
            task.add_done_callback(self._refusals.discard)


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
    server._server = _KnownMethods(_CallTasks(asyncio.get_running_loop()), None, (), None, tuple(options), None)  # noqa: SLF001
    return server
