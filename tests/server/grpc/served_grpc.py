"""A gRPC server beside the application in this process, and clients of it on the same loop."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import grpc

from server.api.api_keys import NO_KEYS, ApiKeys
from server.api.guard import safe_only
from server.grpc.grpc_calls import Calls
from server.grpc.grpc_server import GrpcServer
from server.grpc.inference_service import SERVICE
from server.oip.tensors import join_elements
from tests.server.oip.served_app import ServedApp, served_app

T = TypeVar("T")


@dataclass
class ServedGrpc:
    """The application, and the port of its gRPC server."""

    app: ServedApp
    port: int

    def run(self, work: Coroutine[None, None, T]) -> T:
        return self.app.run(asyncio.wait_for(work, 60))

    def channel(self) -> Any:
        return grpc.aio.insecure_channel(f"127.0.0.1:{self.port}", options=(("grpc.max_receive_message_length", -1),))

    def ask(self, method: str, message: Any, reply: Any = None, **options: Any) -> Any:
        """One call. The message may be bytes; without a class of the reply the answer is bytes, too."""

        async def asked() -> Any:
            async with self.channel() as channel:
                data = message if isinstance(message, bytes) else message.SerializeToString()
                found = await channel.unary_unary(f"/{SERVICE}/{method}")(data, **options)
                return reply.FromString(found) if reply else found

        return self.run(asked())

    def code(self, method: str, message: Any, **options: Any) -> tuple[grpc.StatusCode, str]:
        """The status of a call that is refused, and what is said."""
        try:
            self.ask(method, message, **options)
        except grpc.aio.AioRpcError as error:
            return error.code(), error.details() or ""
        return grpc.StatusCode.OK, ""


@contextmanager
def served_grpc(folder: Path, keys: ApiKeys = NO_KEYS, **settings: Any) -> Iterator[ServedGrpc]:
    with served_app(folder, keys, **settings) as app:
        service = app.service
        server = GrpcServer(service, app.reloader, Calls(service.metrics, keys, safe_only(service.settings, keys), None))
        port = app.run(server.start(0))
        yield ServedGrpc(app, port)
        app.run(server.stop())


def infer_message(kind: Any, images: list[bytes], *, raw: bool = True, model: str = "level", outputs: tuple[str, ...] = ()) -> Any:
    """A ModelInferRequest, its images raw or typed."""
    message = kind(model_name=model, id="7")
    given = message.inputs.add(name="image", datatype="BYTES", shape=[len(images), 1])
    if raw:
        message.raw_input_contents.append(join_elements(images))
    else:
        given.contents.bytes_contents.extend(images)
    for name in outputs:
        message.outputs.add(name=name)
    return message
