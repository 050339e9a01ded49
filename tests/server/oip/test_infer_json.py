"""JSON and the binary extension: what clients write, what is refused, and 20,000 mutated bodies."""

import base64
import json
import random
import tracemalloc
from typing import Any

import numpy as np
import pytest

from server.errors import BadRequest
from server.oip.infer_json import header_length, read_infer_request, write_infer_reply
from server.oip.infer_reply import InferReply
from server.oip.infer_request import take_images
from server.oip.tensors import OutputTensor, join_elements
from tests.factories.mutated_bytes import mutated_bytes
from tests.level_model import level_png
from tests.server.oip.bodies_made import binary_body

PNG = level_png(8)
MUTATIONS = 20_000


def as_json(**given: Any) -> bytes:
    return json.dumps({"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", **given}]}).encode()


@pytest.mark.parametrize("data", [["{}"], [["{}"]]])
def test_base64_flat_and_nested(data: Any) -> None:
    text = json.dumps(data).replace("{}", base64.b64encode(PNG).decode())
    request = read_infer_request(as_json(data=json.loads(text), parameters={"content_type": "base64"}), None)
    assert take_images(request, 1, 10**6) == [PNG]


def test_what_tritonclient_sends() -> None:
    outputs = [{"name": "scores", "parameters": {"classification": 3, "binary_data": True}}]
    body, size = binary_body([PNG], column=True, id="7", outputs=outputs, parameters={"priority": 1, "timeout": 5_000_000})
    request = read_infer_request(body, size)
    assert (request.id, request.timeout_ms) == ("7", 5000)
    assert [(each.name, each.classes, each.binary) for each in request.outputs] == [("scores", 3, True)]
    assert take_images(request, 1, 10**6) == [PNG]


def test_what_kserve_adds_is_left_out() -> None:
    body, size = binary_body([PNG], model_name="net", parameters={"binary_data_output": True}, surplus=[None])
    request = read_infer_request(body, size)
    assert (request.id, request.binary, request.outputs) == (None, True, [])


def test_the_rest_belongs_to_a_single_input() -> None:
    head = json.dumps({"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES"}]}).encode()
    assert take_images(read_infer_request(head + join_elements([PNG]), len(head)), 1, 10**6) == [PNG]


@pytest.mark.parametrize("body", [PNG, join_elements([PNG])])
def test_a_raw_request(body: bytes) -> None:
    request = read_infer_request(body, 0)
    assert request.binary
    assert take_images(request, 1, 10**6) == [PNG]


@pytest.mark.parametrize("text", ["-1", "1.5", "x", "", "11", "1" * 5000, "\u0665"])
def test_a_header_that_lies(text: str) -> None:
    with pytest.raises(BadRequest, match="Inference-Header-Content-Length"):
        header_length(text, 10)


def test_a_header_that_fits() -> None:
    assert [header_length(text, 10) for text in (None, "0", "10")] == [None, 0, 10]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "JSON body"),
        (b"[]", "JSON body"),
        (b"[" * 4000, "JSON body"),
        (b"[" * 100_000, "more than 4096 values"),
        (b'{"inputs":[' + b"{}," * 5000 + b"{}]}", "more than 4096 values"),
        (b'{"inputs": 1}', "inputs"),
        (b'{"inputs": [{"name": "image", "shape": [1.5], "datatype": "BYTES"}]}', "shape"),
        (b'{"id": 7, "inputs": []}', "id"),
        (as_json(), None),
        (as_json(data=[7]), "which is not base64"),
        (as_json(data=["!"]), "not base64"),
        (as_json(data=[1, 2], datatype="UINT8"), "binary extension"),
        (as_json(parameters={"binary_data_size": 1}), "1 binary bytes, and 0 are left"),
        (as_json(parameters={"binary_data_size": -1}), "-1 binary bytes"),
        (as_json(parameters={"binary_data_size": 10**30}), "0 are left"),
        (as_json(parameters={"binary_data_size": "1"}), "binary bytes"),
    ],
)
def test_malformed(body: bytes, told: str | None) -> None:
    with pytest.raises(BadRequest, match=told):
        take_images(read_infer_request(body, None), 1, 10**6)


def test_bytes_that_belong_to_nothing() -> None:
    body, size = binary_body([PNG])
    with pytest.raises(BadRequest, match="3 bytes lie behind"):
        read_infer_request(body + b"abc", size)


def test_an_answer_in_both_forms() -> None:
    numbers = OutputTensor("classes", "INT64", (1, 2), np.array([[3, 1]], "<i8"))
    labels = OutputTensor("labels", "BYTES", (1, 2), elements=["é".encode(), b""])
    body, size = write_infer_reply(InferReply("m", "1", "7", {}, [(numbers, False), (labels, False)]))
    assert size is None
    assert [each["data"] for each in json.loads(body)["outputs"]] == [[3, 1], ["é", ""]]
    body, size = write_infer_reply(InferReply("m", "1", "7", {}, [(numbers, True), (labels, True)]))
    assert [each["parameters"]["binary_data_size"] for each in json.loads(body[:size])["outputs"]] == [16, 10]
    assert body[size:] == numbers.binary() + labels.binary()


def mutated(chance: random.Random) -> tuple[bytes, int]:
    """A body with changed, lost, doubled or inserted bytes, and a length of its JSON that may be wrong, too."""
    body, size = binary_body([PNG, b"", PNG[:50]][: chance.randint(1, 3)], id="7", parameters={"partial": False})
    changed = mutated_bytes(chance, body, [b"[", b"{", b'"', b"-1", b"9" * 30, b"\xff" * 4, b"null", b"1e999", b"\0" * 8])
    return changed, max(0, size + chance.choice([0, 0, 0, len(changed) - len(body), chance.randint(-300, 300), 2**40]))


def is_read(body: bytes, size: int) -> bool:
    """Whether a body is a request; one that is not gets a BadRequest, and no other error."""
    try:
        take_images(read_infer_request(body, header_length(str(size), len(body))), 8, 10**6)
    except BadRequest:
        return False
    return True


def test_mutated_bodies_are_read_or_refused() -> None:
    chance = random.Random(23)  # noqa: S311 - reproducible on purpose
    outcomes = [is_read(*mutated(chance)) for _ in range(MUTATIONS)]
    assert 500 < sum(outcomes) < MUTATIONS - 500


def test_a_body_costs_little_more_than_its_bytes() -> None:
    chance = random.Random(24)  # noqa: S311
    largest = b'{"inputs":[' + b"[],{}," * 2000
    tracemalloc.start()
    for body, size in [(largest + bytes(50), len(largest)), *(mutated(chance) for _ in range(500))]:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        is_read(body, size)
        assert tracemalloc.get_traced_memory()[1] - before < 300_000, body
    tracemalloc.stop()
