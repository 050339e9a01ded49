"""The service inference.GRPCInferenceService: what the HTTP routes answer, as messages."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

import grpc
from google.protobuf.json_format import ParseDict

from models.model_errors import ClassifyError
from server.api.error_response import told
from server.api.statuses import ANSWERED
from server.errors import BadRequest
from server.grpc import open_inference_pb2 as messages
from server.grpc.grpc_calls import Call, Calls
from server.grpc.infer_messages import infer_request_of, infer_response, parsed, read_infer_message
from server.grpc.message_reader import MessageReader
from server.grpc.open_calls import OpenCalls
from server.oip.inference import Caller, Inference, answering_model, find_model
from server.oip.model_description import model_configuration, model_metadata, server_metadata
from server.oip.model_statistics import statistics_of
from server.oip.protocol_reply import ProtocolReply
from server.oip.repository import is_ready, load_model, repository_index
from server.serving.budgets import BodyHold
from server.serving.reload import Reloader
from server.serving.service import Service
from server.types import Prediction

SERVICE = "inference.GRPCInferenceService"
SMALL_BYTES = 64 * 1024
"""Of a message without images."""
AHEAD = 8
"""Images of one stream that are under way; their answers leave in the order of the requests."""
_LARGE = ("RepositoryModelLoad", "RepositoryModelUnload")
Answer = Callable[[Any, Call], Awaitable[Any]]


class InferenceService:
    """The methods. Each gets its message as bytes, so that damaged bytes are the fault of the client."""

    def __init__(self, service: Service, reloader: Reloader, calls: Calls) -> None:
        self._service = service
        self._reloader = reloader
        self._calls = calls
        self._inference = Inference(service.settings)
        self._reader = MessageReader.of_images(service.settings)
        self._small_reader = MessageReader.of_others(service.settings)
        self._streams = OpenCalls(service.settings.window, "streams")

    def methods(self) -> dict[str, Any]:
        """The handler of each method, by its name."""
        small: dict[str, Answer] = {
            "ServerLive": self._live,
            "ServerReady": self._ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server_metadata,
            "ModelMetadata": self._model_metadata,
            "ModelConfig": self._model_config,
            "ModelStatistics": self._statistics,
            "RepositoryIndex": self._index,
            "RepositoryModelLoad": self._load,
            "RepositoryModelUnload": self._unload,
        }
        # As streams of one message they can be refused before that message is read.
        methods = {name: grpc.stream_unary_rpc_method_handler(self._small(name, answer)) for name, answer in small.items()}
        methods["ModelInfer"] = grpc.stream_unary_rpc_method_handler(self._infer)
        return methods | {"ModelStreamInfer": grpc.stream_stream_rpc_method_handler(self._stream)}

    def _small(self, name: str, answer: Answer) -> Callable[[Any, Any], Awaitable[bytes]]:
        kind = getattr(messages, f"{name}Request")

        async def handle(_requests: Any, context: Any) -> bytes:
            async with self._calls.open(context, f"/{SERVICE}/{name}", guarded=name in _LARGE) as call:
                message = await self._small_reader.read(context, call.caller.client)
                if len(message) > SMALL_BYTES:
                    raise BadRequest(f"The message has {len(message)} bytes, and {SMALL_BYTES} are taken.", "Load a model from the store.")
                return serialized(await answer(parsed(kind, message), call))
            raise AssertionError("the call ends above, or by its error")

        return handle

    async def _infer(self, _requests: AsyncIterator[bytes], context: Any) -> bytes:
        async with self._calls.open(context, f"/{SERVICE}/ModelInfer") as call:
            self._check_room(call)
            return serialized(await self._answer(await self._reader.read(context, call.caller.client), call, call.caller))
        raise AssertionError("the call ends above, or by its error")

    def _check_room(self, call: Call) -> None:
        """Raise Saturated where no model has room: which one is asked stands in the message."""
        models = self._service.models
        if all(model.admission.is_full for model in models):
            models.default.admission.check_room(call.caller.client)

    async def _answer(self, message: bytes, call: Call, caller: Caller) -> Any:
        given, raw = read_infer_message(message)
        message_bytes = len(message)
        del message
        model = answering_model(self._service.models, given.model_name, given.model_version, caller.request_id)
        asked = infer_request_of(given, raw, call.context.time_remaining())
        with model.in_use(), BodyHold(self._service.body_budget, model.name) as hold:
            hold.grow_to(message_bytes)
            reply, outcomes = await self._inference.infer(model, asked, caller, given.model_version)
        if len(outcomes) == 1 and isinstance(outcomes[0], Prediction) and not call.is_stream:
            call.stages_s = outcomes[0].stages_s
        return infer_response(reply)

    async def _stream(self, _requests: AsyncIterator[bytes], context: Any) -> None:
        async with self._calls.open(context, f"/{SERVICE}/ModelStreamInfer") as call:
            with self._streams.one():
                await self._answer_stream(context, call)

    async def _answer_stream(self, context: Any, call: Call) -> None:
        async with asyncio.TaskGroup() as tasks:
            answers: asyncio.Queue[asyncio.Task[bytes] | None] = asyncio.Queue(AHEAD)

            async def read() -> None:
                numbers = count()  # as for the images of a batch, so that a canary gets its share of them
                while (message := await context.read()) is not grpc.aio.EOF:
                    caller = call.caller._replace(request_id=f"{call.caller.request_id}-{next(numbers)}")
                    await answers.put(tasks.create_task(self._of_stream(bytes(message), call, caller)))
                await answers.put(None)

            tasks.create_task(read())
            while task := await answers.get():
                await context.write(await task)

    async def _of_stream(self, message: bytes, call: Call, caller: Caller) -> bytes:
        """The answer to one message of a stream; an error is told in it, and the stream goes on."""
        reply = messages.ModelStreamInferResponse()
        try:
            reply.infer_response.CopyFrom(await self._answer(message, call, caller))
        except ANSWERED as error:
            reply.error_message = told(error)
            reply.infer_response.id = _id_of(message)
        return serialized(reply)

    async def _live(self, _given: Any, _call: Call) -> Any:
        return messages.ServerLiveResponse(live=True)

    async def _ready(self, _given: Any, _call: Call) -> Any:
        return messages.ServerReadyResponse(ready=self._service.readiness()[0])

    async def _model_ready(self, given: Any, _call: Call) -> Any:
        model = find_model(self._service.models, given.name, given.version)
        return messages.ModelReadyResponse(ready=is_ready(self._service, model)[0])

    async def _server_metadata(self, _given: Any, _call: Call) -> Any:
        return _message(server_metadata(), messages.ServerMetadataResponse())

    async def _model_metadata(self, given: Any, _call: Call) -> Any:
        served = find_model(self._service.models, given.name, given.version).served
        return _message(model_metadata(served), messages.ModelMetadataResponse())

    async def _model_config(self, given: Any, _call: Call) -> Any:
        served = find_model(self._service.models, given.name, given.version).served
        config = model_configuration(served, self._service.settings.max_batch_items)
        return messages.ModelConfigResponse(config=_message(config, messages.ModelConfig()))

    async def _statistics(self, given: Any, _call: Call) -> Any:
        models = [find_model(self._service.models, given.name, given.version)] if given.name else list(self._service.models)
        return _message(statistics_of(models, self._service.metrics), messages.ModelStatisticsResponse())

    async def _index(self, given: Any, _call: Call) -> Any:
        reply = messages.RepositoryIndexResponse()
        for entry in await asyncio.to_thread(repository_index, self._service, ready_only=given.ready):
            _message(entry, reply.models.add())
        return reply

    async def _load(self, given: Any, _call: Call) -> Any:
        await load_model(self._reloader, given.model_name, given.parameters)
        return messages.RepositoryModelLoadResponse()

    async def _unload(self, given: Any, _call: Call) -> Any:
        await self._reloader.unload(given.model_name)
        return messages.RepositoryModelUnloadResponse()


def serialized(message: Any) -> bytes:
    """A message as bytes; the order of a map would else depend on the process."""
    return bytes(message.SerializeToString(deterministic=True))


def _message(reply: ProtocolReply, message: Any) -> Any:
    """A reply in the fields of a message, which have the same names; those that the message does not have are left out."""
    return ParseDict(reply.model_dump(exclude_none=True), message, ignore_unknown_fields=True)


def _id_of(message: bytes) -> str:
    try:
        return str(read_infer_message(message)[0].id)
    except ClassifyError:
        return ""
