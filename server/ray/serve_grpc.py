"""The gRPC calls that Ray Serve leads to a replica, answered by the methods of the plain server.

Serve gives a call as its messages and an object with its metadata, and takes the status from that object. The messages stay bytes.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing, suppress
from typing import Any, NamedTuple

import grpc

from server.grpc.inference_service import SERVICE, InferenceService
from server.grpc.open_inference_pb2 import DESCRIPTOR

STREAM = "ModelStreamInfer"
INFER = "ModelInfer"
METHODS: tuple[str, ...] = tuple(DESCRIPTOR.services_by_name[SERVICE.rpartition(".")[2]].methods_by_name)


def add_servicer(servicer: Any, server: Any) -> None:
    """What `grpc_servicer_functions` names: tells Serve the methods. It has its own functions in their place, which lead to a replica."""
    kinds: dict[str, Any] = {STREAM: grpc.stream_stream_rpc_method_handler}
    methods = {name: kinds.get(name, grpc.stream_unary_rpc_method_handler)(getattr(servicer, name)) for name in METHODS}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))


class Serialized(NamedTuple):
    """A message that is bytes already. Serve asks each answer for its bytes."""

    message: bytes

    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's name
        """Those of the message."""
        return self.message


class _Ended(BaseException):
    """The call has its status. No handler takes it for a fault."""


class ServeCall:
    """The context of a call, as the methods of the plain server use it."""

    def __init__(self, given: Any, messages: AsyncIterator[bytes], max_bytes: int) -> None:
        """`given` is Serve's own context."""
        self.invocation_metadata: Callable[[], Any] = given.invocation_metadata
        self.peer: Callable[[], str] = given.peer
        self.written = asyncio.Queue[Serialized | None]()
        self._given, self._messages, self._max_bytes = given, messages, max_bytes

    def time_remaining(self) -> None:
        """Serve does not tell it, and cancels the call when its time is over."""

    async def read(self) -> Any:
        """The next message, or EOF."""
        message = await anext(self._messages, None)
        return grpc.aio.EOF if message is None else await self.bounded(message)

    async def bounded(self, message: bytes) -> bytes:
        """The message, unless it is larger than the plain server's listener takes."""
        if len(message) > self._max_bytes:
            words = f"SERVER: Received message larger than max ({len(message)} vs. {self._max_bytes})"  # of gRPC itself
            await self.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, words)
        return message

    async def write(self, message: bytes) -> None:
        """Send a message of a stream, and wait until Serve has taken it."""
        self.written.put_nowait(Serialized(message))
        await self.written.join()

    async def abort(self, code: grpc.StatusCode, details: str, trailing: tuple[tuple[str, str], ...] = ()) -> None:
        """End the call with a status. An exception that Serve sees would lose the metadata."""
        self._given.set_code(code)
        self._given.set_details(details)
        self._given.set_trailing_metadata(list(trailing))
        raise _Ended


class ServeCalls:
    """Answers the calls of Serve. `raises`: Serve's own proxy takes the status of a stream only from an exception."""

    def __init__(self, service: InferenceService, max_bytes: int) -> None:
        self.raises = False
        self._methods, self._max_bytes = service.methods(), max_bytes

    async def answer(self, name: str, given: Any, context: Any) -> Serialized:
        """The answer of a method that has one; nothing where it ends by an error, which is in the context then."""
        answer = b""
        with suppress(_Ended):
            answer = await self._methods[name].stream_unary(given, ServeCall(context, given, self._max_bytes))
        return Serialized(answer)

    async def answers(self, name: str, given: AsyncIterator[bytes], context: Any) -> AsyncGenerator[Serialized, None]:
        """The answers of a method with many."""
        call = ServeCall(context, given, self._max_bytes)
        task = asyncio.create_task(_unless_ended(self._methods[name].stream_stream(given, call)))
        task.add_done_callback(lambda _: call.written.put_nowait(None))
        try:
            while (message := await call.written.get()) is not None:
                yield message
                call.written.task_done()
            await task
        finally:
            task.cancel()
            await asyncio.wait((task,))
        if self.raises and context.code():
            raise RuntimeError(context.details())


async def _unless_ended(stream: Coroutine[Any, Any, None]) -> None:
    try:
        await stream
    except* _Ended:  # a stream has tasks, whose errors come in a group
        pass


class GrpcMethods:
    """What Serve looks for in a deployment: a method for each of the protocol, by its name."""

    calls: ServeCalls


def _with_one_answer(name: str) -> Any:
    async def method(self: GrpcMethods, given: Any, grpc_context: Any) -> Serialized:
        return await self.calls.answer(name, given, grpc_context)

    return method


async def _stream(self: GrpcMethods, given: Any, grpc_context: Any) -> AsyncIterator[Serialized]:
    async with aclosing(self.calls.answers(STREAM, given, grpc_context)) as answers:
        async for message in answers:
            yield message


for _name in METHODS:
    setattr(GrpcMethods, _name, _stream if _name == STREAM else _with_one_answer(_name))
