"""The service inference.GRPCInferenceService: what the HTTP routes answer, as messages."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from itertools import count
from typing import Any

import grpc
from google.protobuf.json_format import ParseDict

from models.model_errors import ClassifyError
from server.api.error_response import told
from server.api.statuses import ANSWERED
from server.errors import BadRequest, RequestTimeout
from server.grpc import open_inference_pb2 as messages
from server.grpc.grpc_calls import Call, Calls
from server.grpc.infer_messages import Asked, infer_response, parsed, read_asked, read_infer_message
from server.grpc.message_reader import MessageReader
from server.grpc.open_calls import OpenCalls
from server.http.places import PATIENCE_S
from server.oip.inference import Caller, Inference, answering_model, find_model
from server.oip.model_description import model_configuration, model_metadata, server_metadata
from server.oip.model_statistics import statistics_of
from server.oip.protocol_reply import ProtocolReply
from server.oip.repository import is_ready, load_model, repository_index
from server.serving.budgets import BodyHold
from server.serving.inspection_pool import SMALL_BYTES as ON_THE_LOOP_BYTES
from server.serving.reload import Reloader
from server.serving.service import Service
from server.types import Prediction

SERVICE = "inference.GRPCInferenceService"
SMALL_BYTES = 64 * 1024
"""Of a message without images."""
CALLS_BESIDE = 64
"""Calls beyond twice the window that are open at once; one client has half of all."""
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
        most, streams = 2 * service.settings.window + CALLS_BESIDE, min(service.settings.window, self._reader.places)
        self._open, self._streams = OpenCalls(most, "calls", most // 2), OpenCalls(streams, "streams", -(-streams // 2))
        self._idle_s = service.settings.keep_alive_s + service.settings.timeout_ms / 1000  # an answer takes no longer than TIMEOUT_MS

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

        async def take(message: bytes) -> Any:
            if len(message) > SMALL_BYTES:
                raise BadRequest(f"The message has {len(message)} bytes, and {SMALL_BYTES} are taken.", "Load a model from the store.")
            return parsed(kind, message)

        is_empty = not kind.DESCRIPTOR.fields  # it is answered at once, without its message and a place: a probe never waits for others
        places = None if is_empty else self._open

        async def handle(_requests: Any, context: Any) -> bytes:
            async with self._calls.open(context, f"/{SERVICE}/{name}", places, guarded=name in _LARGE) as call:
                given = kind() if is_empty else await self._small_reader.read(context, call.place, take)
                return serialized(await answer(given, call))
            raise AssertionError("the call ends above, or by its error")

        return handle

    async def _infer(self, _requests: AsyncIterator[bytes], context: Any) -> bytes:
        async with self._calls.open(context, f"/{SERVICE}/ModelInfer", self._open) as call:
            self._check_room(call)
            # no name here for what is asked: this frame lives as long as an error of the call
            read = partial(self._read, call)
            return serialized(await self._answer(await self._reader.read(context, call.place, read), call, call.caller))
        raise AssertionError("the call ends above, or by its error")

    async def _read(self, call: Call, message: bytes) -> Asked:
        """What a message asks; a large one is taken apart beside the loop."""
        given = message, call.context.time_remaining()
        return read_asked(*given) if len(message) <= ON_THE_LOOP_BYTES else await self._inference.inspection.beside(read_asked, *given)

    def _check_room(self, call: Call) -> None:
        """Raise Saturated where no model has room: which one is asked stands in the message."""
        models = self._service.models
        if all(model.admission.is_full for model in models):
            models.default.admission.check_room(call.caller.client)

    async def _answer(self, asked: Asked, call: Call, caller: Caller) -> Any:
        model = answering_model(self._service.models, asked.model_name, asked.model_version, caller.request_id)
        with model.in_use(), BodyHold(self._service.body_budget, caller.client, model.name) as hold:
            hold.grow_by(asked.message_bytes)
            reply, outcomes = await self._inference.infer(model, asked.request, caller, hold, asked.model_version)
        if len(outcomes) == 1 and isinstance(outcomes[0], Prediction) and not call.is_stream:
            call.stages_s = outcomes[0].stages_s
        return infer_response(reply)

    async def _stream(self, _requests: AsyncIterator[bytes], context: Any) -> None:
        async with self._calls.open(context, f"/{SERVICE}/ModelStreamInfer", self._streams) as call:
            try:
                call.place.waits()
                async with asyncio.timeout(self._idle_s) as limit:
                    await self._answer_stream(context, call, limit)
            except TimeoutError:
                words = f"For {self._idle_s:.0f} s no message came, and no answer was taken."
                raise RequestTimeout(words, "Open another stream when there are images, or raise KEEP_ALIVE_S.") from None

    async def _answer_stream(self, context: Any, call: Call, limit: asyncio.Timeout) -> None:
        async with asyncio.TaskGroup() as tasks:
            answers: asyncio.Queue[asyncio.Task[bytes] | None] = asyncio.Queue(AHEAD)

            async def read() -> None:
                numbers = count()  # as for the images of a batch, so that a canary gets its share of them
                while (message := await context.read()) is not grpc.aio.EOF:
                    self._goes_on(limit)
                    caller = call.caller._replace(request_id=f"{call.caller.request_id}-{next(numbers)}")
                    asked = await self._asked(call, message)
                    task = tasks.create_task(self._of_stream(asked, call, caller))
                    del message, asked  # else they would lie here until the next one comes
                    await answers.put(task)
                await answers.put(None)

            tasks.create_task(read())
            while task := await answers.get():
                call.place.works()
                answer = await task
                call.place.waits(PATIENCE_S)
                await context.write(answer)
                self._goes_on(limit)
                call.place.waits(PATIENCE_S)

    def _goes_on(self, limit: asyncio.Timeout) -> None:
        if not limit.expired():
            limit.reschedule(asyncio.get_running_loop().time() + self._idle_s)

    async def _asked(self, call: Call, message: bytes) -> Asked | bytes:
        """What one message of a stream asks, or the answer to one that cannot be read."""
        try:
            return await self._read(call, message)
        except ANSWERED as error:
            return _refusal(error, _id_of(message))

    async def _of_stream(self, asked: Asked | bytes, call: Call, caller: Caller) -> bytes:
        """The answer to one message of a stream; an error is told in it, and the stream goes on."""
        if isinstance(asked, bytes):
            return asked
        try:
            answer = await self._answer(asked, call, caller)
        except ANSWERED as error:
            return _refusal(error, asked.request.id or "")
        return serialized(messages.ModelStreamInferResponse(infer_response=answer))

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


def _refusal(error: ClassifyError, request_id: str) -> bytes:
    """What a stream answers to one message that is refused."""
    answer = messages.ModelInferResponse(id=request_id)
    return serialized(messages.ModelStreamInferResponse(error_message=told(error), infer_response=answer))


def _message(reply: ProtocolReply, message: Any) -> Any:
    """A reply in the fields of a message, which have the same names; those that the message does not have are left out."""
    return ParseDict(reply.model_dump(exclude_none=True), message, ignore_unknown_fields=True)


def _id_of(message: bytes) -> str:
    try:
        return str(read_infer_message(message)[0].id)
    except ClassifyError:
        return ""
