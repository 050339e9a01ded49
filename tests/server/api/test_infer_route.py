"""POST /v2/models/{model}/infer through the application: both forms, equal to /classify, limits, and hundreds of mutated bodies."""

import base64
import gzip
import json
import os
import random
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from server.api.api_keys import ApiKeys
from tests.level_model import level_png, level_scores
from tests.part_or_all import some_or_many
from tests.process_tree import memory_bytes
from tests.server.oip.bodies_made import binary_body
from tests.server.oip.served_app import ServedApp, served_app
from tests.server.oip.test_infer_json import mutated

PATH = "/v2/models/level/infer"
FAKE = "/v2/models/efficientnet_lite0/infer"
GROWTH_BYTES = 30_000_000  # of several hundred million


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApp]:
    with served_app(tmp_path_factory.mktemp("served"), root_path="/infer") as app:
        yield app


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApp]:
    keys = ApiKeys({"default": "s3cret"})
    with served_app(tmp_path_factory.mktemp("fake"), keys, engines="fake", max_body_bytes=300_000, max_batch_items=4) as app:
        yield app


def infer(app: ServedApp, body: bytes, json_bytes: int | None = None, path: str = PATH, **headers: str) -> httpx.Response:
    given = {} if json_bytes is None else {"inference-header-content-length": str(json_bytes)}
    return app.ask("POST", path, content=body, headers=given | headers)


def tensors(reply: httpx.Response) -> dict[str, Any]:
    """The outputs by name: the data of JSON, or the bytes behind it."""
    assert reply.status_code == 200, reply.text
    size = int(reply.headers.get("inference-header-content-length", len(reply.content)))
    rest, found = reply.content[size:], {}
    for each in json.loads(reply.content[:size])["outputs"]:
        if "data" in each:
            found[each["name"]] = each["data"]
        else:
            held = each["parameters"]["binary_data_size"]
            found[each["name"]], rest = rest[:held], rest[held:]
    assert rest == b""
    return found


def test_the_answer_is_that_of_classify(served: ServedApp) -> None:
    image = level_png(90)
    best = served.ask("POST", "/classify", content=image).json()["predictions"]
    body = {"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": [base64.b64encode(image).decode()]}]}
    found = tensors(served.ask("POST", PATH, json=body))
    assert found["classes"] == [each["class_id"] for each in best]
    assert found["labels"] == [each["label"] for each in best]
    assert found["probabilities"] == pytest.approx([each["score"] for each in best], rel=1e-6)
    assert found["scores"] == pytest.approx(level_scores(90).tolist(), abs=1e-6)


def test_binary_both_ways(served: ServedApp) -> None:
    body, size = binary_body([level_png(4 * level) for level in range(5)], column=True, id="7", parameters={"binary_data_output": True})
    reply = infer(served, body, size)
    assert reply.headers["content-type"] == "application/octet-stream"
    found = tensors(reply)
    assert np.frombuffer(found["scores"], "<f4").reshape(5, 64).argmax(1).tolist() == list(range(5))
    assert np.frombuffer(found["classes"], "<i8")[::5].tolist() == list(range(5))
    assert found["labels"].startswith(b"\7\0\0\0level 0\7\0\0\0level 4")


@pytest.mark.parametrize("path", [PATH, "/v2/models/level/versions/1/infer", f"/infer{PATH}"])
def test_paths_and_the_id(served: ServedApp, path: str) -> None:
    body, size = binary_body([level_png(8)], id="", outputs=[{"name": "scores", "parameters": {"classification": 1}}])
    reply = infer(served, body, size, path).json()
    assert (reply["id"], reply["model_version"], reply["outputs"][0]["data"]) == ("", "1", ["1.000000:2:level 8"])


def test_the_requests_id_stands_for_a_missing_one(served: ServedApp) -> None:
    body, size = binary_body([level_png(8)], outputs=[{"name": "classes"}])
    reply = infer(served, body, size, **{"x-request-id": "mine"})
    assert (reply.json()["id"], reply.headers["x-engine"]) == ("mine", "stream")
    assert "infer;dur=" in reply.headers["server-timing"]


def test_pixels_are_answered_as_their_picture(served: ServedApp) -> None:
    pixels = np.full((1, 48, 48, 3), 88, np.uint8).tobytes()
    given = {"name": "pixels", "shape": [1, 48, 48, 3], "datatype": "UINT8", "parameters": {"binary_data_size": len(pixels)}}
    head = json.dumps({"inputs": [given]}).encode()
    body, size = binary_body([level_png(88)])
    assert tensors(infer(served, head + pixels, len(head))) == tensors(infer(served, body, size))


def test_a_packed_body(served: ServedApp) -> None:
    """The header counts the JSON as it is unpacked."""
    body, size = binary_body([level_png(8)], outputs=[{"name": "classes"}])
    assert tensors(infer(served, gzip.compress(body), size, **{"content-encoding": "gzip"}))["classes"][0] == 2


@pytest.mark.parametrize(
    ("path", "body", "size", "status", "code"),
    [
        (FAKE, b"", None, 400, "bad_request"),
        (FAKE, b"{}", 3, 400, "bad_request"),
        (FAKE, *binary_body([b"no image"]), 415, "unsupported_image"),
        (FAKE, *binary_body([level_png(8)[:-20]]), 422, "undecodable_image"),
        (FAKE, *binary_body([level_png(8)] * 5), 400, "bad_request"),
        (FAKE, bytes(300_001), None, 413, "body_too_large"),
        ("/v2/models/other/infer", *binary_body([level_png(8)]), 404, "not_found"),
        (FAKE.replace("/infer", "/versions/9/infer"), *binary_body([level_png(8)]), 404, "not_found"),
        (FAKE, *binary_body([level_png(8)], outputs=[{"name": "logits"}]), 400, "bad_request"),
    ],
)
def test_refusals(fake: ServedApp, path: str, body: bytes, size: int | None, status: int, code: str) -> None:
    reply = infer(fake, body, size, path, **{"x-api-key": "s3cret"})
    assert (reply.status_code, reply.json()["code"]) == (status, code), reply.text
    assert reply.json()["error"]


def test_the_key_and_the_methods(fake: ServedApp) -> None:
    body, size = binary_body([level_png(8)])
    assert infer(fake, body, size, FAKE).status_code == 401
    assert fake.ask("GET", FAKE, headers={"x-api-key": "s3cret"}).headers["allow"] == "POST"
    assert fake.ask("PUT", FAKE, content=body, headers={"x-api-key": "s3cret"}).status_code == 405


@some_or_many("hundreds", 4, 200)
def test_mutated_bodies_are_no_fault_of_the_server(fake: ServedApp, hundreds: int) -> None:
    chance, statuses, memory = random.Random(5), set(), []  # noqa: S311
    for _ in range(hundreds):
        bodies = [(json.dumps({"id": "\ud800", "inputs": []}).encode(), 27), *(mutated(chance) for _ in range(100))]
        statuses |= {infer(fake, body, size, FAKE, **{"x-api-key": "s3cret"}).status_code for body, size in bodies}
        memory.append(memory_bytes(os.getpid()))
    assert memory[-1] - memory[0] < GROWTH_BYTES
    assert {200, 400} <= statuses
    assert max(statuses) < 500
    assert fake.service.body_budget.held_bytes == 0
    text = fake.service.metrics.render().decode()
    assert 'endpoint="/v2/models/{model}/infer",method="POST"' in text
    assert "efficientnet_lite0/infer" not in text
