"""Requests from messages: both forms of data, times, and 20,000 mutated messages."""

import random
import tracemalloc

import pytest

from server.errors import BadRequest
from server.grpc.infer_messages import infer_request_of, infer_response, parsed, read_infer_message
from server.grpc.open_inference_pb2 import ModelInferRequest, ServerLiveRequest
from server.oip.infer_reply import InferReply
from server.oip.infer_request import InferRequest, take_images
from server.oip.tensors import OutputTensor
from tests.factories.mutated_bytes import mutated_bytes
from tests.level_model import level_png
from tests.server.grpc.served_grpc import infer_message

PNG = level_png(8)
MUTATIONS = 20_000


def request_of(message: ModelInferRequest, remaining_s: float | None = None) -> InferRequest:
    return infer_request_of(*read_infer_message(message.SerializeToString()), remaining_s)


@pytest.mark.parametrize("raw", [True, False])
def test_both_forms_of_data(raw: bool) -> None:
    message = infer_message(ModelInferRequest, [PNG, b"x"], raw=raw, outputs=("scores",))
    message.outputs[0].parameters["classification"].int64_param = 3
    message.inputs[0].parameters["binary_data_size"].int64_param = 99  # kserve's client sends it, and it means nothing here
    request = request_of(message)
    assert take_images(request, 2, 100) == [PNG, b"x"]
    assert (request.id, [(each.name, each.classes) for each in request.outputs]) == ("7", [("scores", 3)])


def test_both_forms_at_once_are_refused() -> None:
    message = infer_message(ModelInferRequest, [PNG])
    message.inputs[0].contents.bytes_contents.append(PNG)
    with pytest.raises(BadRequest, match="raw_input_contents"):
        request_of(message)
    message = infer_message(ModelInferRequest, [PNG])
    message.raw_input_contents.append(b"")
    with pytest.raises(BadRequest, match="1 inputs and 2 raw_input_contents"):
        request_of(message)


def test_numbers_in_contents_are_refused() -> None:
    message = ModelInferRequest()
    message.inputs.add(name="pixels", datatype="UINT8", shape=[1, 1, 1, 3]).contents.uint_contents.extend([1, 2, 3])
    with pytest.raises(BadRequest, match="raw_input_contents"):
        request_of(message)


@pytest.mark.parametrize(("asked_us", "remaining_s", "timeout_ms"), [(0, None, None), (0, 2.5, 2500), (5000, 2.5, 5), (9_000_000, 1, 1000)])
def test_the_shorter_time_counts(asked_us: int, remaining_s: float | None, timeout_ms: int | None) -> None:
    message = infer_message(ModelInferRequest, [PNG])
    message.parameters["timeout"].int64_param = asked_us
    assert request_of(message, remaining_s).timeout_ms == timeout_ms


def test_an_answer() -> None:
    labels = OutputTensor("labels", "BYTES", (1, 1), elements=[b"cat"])
    message = infer_response(InferReply("m", "1", "7", {"engine": "fake"}, [(labels, True)]))
    assert (message.id, message.parameters["engine"].string_param, list(message.outputs[0].shape)) == ("7", "fake", [1, 1])
    assert list(message.raw_output_contents) == [b"\3\0\0\0cat"]


def test_what_is_no_message() -> None:
    with pytest.raises(BadRequest, match="not a ServerLiveRequest"):
        parsed(ServerLiveRequest, b"\x08")


def mutated(chance: random.Random) -> bytes:
    """A message with changed, lost, doubled or inserted bytes."""
    message = infer_message(ModelInferRequest, [PNG, PNG[:40]][: chance.randint(1, 2)], raw=chance.random() < 0.5, outputs=("classes",))
    message.parameters["partial"].bool_param = True
    return mutated_bytes(chance, message.SerializeToString(), [b"\x2a\0", b"\x3a\0", b"\xff" * 9, b"\0" * 8, b"\x22\x02\x0a\0", b"\x80"])


def is_read(message: bytes) -> bool:
    """Whether it is a request; one that is not gets a BadRequest, and no other error."""
    try:
        take_images(infer_request_of(*read_infer_message(message), 1.0), 8, 10**6)
    except BadRequest:
        return False
    return True


def test_mutated_messages_are_read_or_refused() -> None:
    chance = random.Random(23)
    outcomes = [is_read(mutated(chance)) for _ in range(MUTATIONS)]
    assert 1000 < sum(outcomes) < MUTATIONS - 1000


def test_a_message_costs_little_more_than_its_bytes() -> None:
    chance = random.Random(24)
    tracemalloc.start()
    for message in (b"\x2a\x00" * 1_000_000, b"\x3a\x00" * 4000, *(mutated(chance) for _ in range(300))):
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        is_read(message)
        assert tracemalloc.get_traced_memory()[1] - before < 500_000
    tracemalloc.stop()
