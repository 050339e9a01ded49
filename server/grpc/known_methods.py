"""A gRPC server that takes the calls of its own methods only, and refuses all others without a look at their names.

grpcio 1.85 decodes the name of any other method as UTF-8 in the loop that takes calls. A name that is not UTF-8 ends that loop, and with
it the server: one request of a hundred bytes from anybody. So this leans on private names of grpcio, which is why pyproject.toml
allows only the releases of one minor version.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import grpc
from grpc._cython import cygrpc

NOT_FOUND = "Method not found!"  # as grpcio says it


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


def known_methods_server(options: Sequence[tuple[str, Any]]) -> grpc.aio.Server:
    """A server without methods. Each of them bounds its own calls: were all counted together, some would take the places of others."""
    server = grpc.aio.server()
    server._server = _KnownMethods(asyncio.get_running_loop(), None, (), None, tuple(options), None)  # noqa: SLF001
    return server
