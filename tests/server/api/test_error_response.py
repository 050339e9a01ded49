"""The body of a refusal, and the headers that go with its status."""

import json
import os

import pytest

from models.model_errors import ClassifyError
from server.api.error_response import error_response, told
from server.errors import BadRequest, EngineFailed, EngineUnavailable, NotFound, Unauthorized, UnsupportedCoding
from server.evaluation.evaluation_errors import DatasetInvalid, EvaluationsFull

AGAIN = ("retry-after", "1")


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (BadRequest("Odd.", "Correct it."), 400, set()),
        (Unauthorized("Odd.", "Correct it."), 401, {("www-authenticate", "Bearer")}),
        (UnsupportedCoding("Odd.", "Correct it."), 415, {("accept-encoding", "gzip, deflate, identity")}),
        (EvaluationsFull("Odd.", "Correct it."), 429, {AGAIN}),
        (EngineUnavailable("Odd.", "Correct it."), 503, {AGAIN}),
    ],
)
def test_every_refusal_has_one_body(error: ClassifyError, status: int, headers: set[tuple[str, str]]) -> None:
    response = error_response(error, "id-1")
    assert response.status_code == status
    assert json.loads(bytes(response.body)) == {"error": "Odd. Correct it.", "code": error.code, "request_id": "id-1"}
    assert {header for header in response.headers.items() if not header[0].startswith("content-")} == headers


def test_a_name_that_is_no_utf8_is_told_in_escapes() -> None:
    name = os.fsdecode("类".encode("gbk"))
    body = bytes(error_response(DatasetInvalid(f"The set holds {name}."), "id-1").body)
    assert json.loads(body)["error"] == "The set holds \\udcc0\\udce0."
    assert told(NotFound(f"There is nothing at /{name}.")) == "There is nothing at /\\udcc0\\udce0."


def test_folders_of_the_server_are_not_told_but_the_requests_own_path_is() -> None:
    assert told(EngineFailed("/srv/models/a.onnx is missing.")) == "a.onnx is missing."
    assert told(NotFound("There is nothing at /usr/lib/x.")) == "There is nothing at /usr/lib/x."
