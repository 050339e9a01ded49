"""Makes requests of ModelInferRequest messages, and ModelInferResponse messages of answers."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError

from server.errors import BadRequest
from server.grpc.open_inference_pb2 import ModelInferRequest, ModelInferResponse
from server.grpc.wire_bounds import split_wire
from server.oip.infer_reply import InferReply
from server.oip.infer_request import InferInput, InferRequest, requested_output
from server.oip.tensors import BYTES, Value

_US = 1_000_000


class Asked(NamedTuple):
    """What a message asks, and of which model."""

    model_name: str
    model_version: str
    request: InferRequest
    message_bytes: int


def read_asked(message: bytes, remaining_s: float | None) -> Asked:
    """What a ModelInferRequest asks; `remaining_s` is the time until the call's own deadline. Raises BadRequest."""
    given, raw = read_infer_message(message)
    return Asked(given.model_name, given.model_version, infer_request_of(given, raw, remaining_s), len(message))


def parsed(kind: Any, message: bytes) -> Any:
    """A message of a generated class; raises BadRequest."""
    try:
        return kind.FromString(message)
    except DecodeError as error:
        raise BadRequest(f"The message is not a {kind.DESCRIPTOR.name}: {error}.", "Send what the protocol's clients send.") from error


def read_infer_message(message: bytes) -> tuple[Any, list[memoryview]]:
    """The ModelInferRequest without its raw_input_contents, and these; raises BadRequest before parts are made if there are too many."""
    description, raw = split_wire(message)
    return parsed(ModelInferRequest, description), raw


def infer_request_of(given: Any, raw: Sequence[memoryview], remaining_s: float | None) -> InferRequest:
    """The request; `remaining_s` is the time until the call's own deadline. Raises BadRequest."""
    if raw and (len(raw) != len(given.inputs) or any(each.HasField("contents") for each in given.inputs)):
        raise BadRequest(
            f"The request has {len(given.inputs)} inputs and {len(raw)} raw_input_contents.",
            "Send the data of all inputs in raw_input_contents, or of all in contents.",
        )
    inputs = [
        InferInput(each.name, each.datatype, tuple(each.shape), data=raw[index])
        if raw
        else InferInput(each.name, each.datatype, tuple(each.shape), elements=_elements(each))
        for index, each in enumerate(given.inputs)
    ]
    outputs = [requested_output(each.name, _values(each.parameters), binary=True) for each in given.outputs]
    return InferRequest(inputs, outputs, given.id, _timed(_values(given.parameters), remaining_s), binary=True)


def _elements(given: Any) -> list[bytes]:
    if given.datatype != BYTES and given.HasField("contents"):
        raise BadRequest(f"The input {given.name[:80]!r} is {given.datatype[:20]} in contents.", "Send numbers in raw_input_contents.")
    return list(given.contents.bytes_contents)


def _values(parameters: Mapping[str, Any]) -> dict[str, Value]:
    return {name: getattr(each, kind) for name, each in parameters.items() if (kind := each.WhichOneof("parameter_choice"))}


def _timed(parameters: dict[str, Value], remaining_s: float | None) -> dict[str, Value]:
    """With the shorter of the two times that a client can give."""
    if remaining_s is not None:
        remaining_us = max(1, int(remaining_s * _US))
        asked_us = parameters.get("timeout")
        if not asked_us or (isinstance(asked_us, int) and asked_us > remaining_us):
            parameters["timeout"] = remaining_us
    return parameters


def infer_response(reply: InferReply) -> Any:
    """The answer as a message, its data in raw_output_contents."""
    message = ModelInferResponse(model_name=reply.model_name, model_version=reply.model_version, id=reply.id)
    for name, value in reply.parameters.items():
        message.parameters[name].string_param = str(value)
    for tensor, _ in reply.outputs:
        message.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        message.raw_output_contents.append(tensor.binary())
    return message
