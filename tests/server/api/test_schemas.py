"""The encoder of the hot routes, the error body and each reply over HTTP follow the schemas, though no schema writes them."""

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.manifest import MAX_TOP_K
from models.printable import printable
from models.store import StoredModel, zoo_manifest
from server.api import schemas
from server.api.api_keys import NO_KEYS
from server.api.classify_routes import DEFAULT_TOP_K, ClassifyRoutes
from server.api.openapi import error_classes
from server.api.request_context import TELLS_WHEN_GONE, RequestContext
from server.api.schemas import BatchItem, BatchItemError, BatchReply, ClassifyReply, ErrorReply, HealthReply, InfoReply
from server.cli.flags import load_settings
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.fleet import Fleet
from server.errors import EngineFailed, ServiceError, UndecodableImage
from server.http.middleware import RequestMiddleware
from server.serving.admission import Admission
from server.serving.budgets import BodyBudget
from server.serving.registry import RegisteredModel, Registry
from server.serving.served_model import ServedModel
from server.telemetry.metrics import Metrics
from server.types import ClassScore, Prediction, PredictionSet
from tests.level_model import level_png
from tests.server.process import ServerProcess

IMAGE = level_png(8)
SERVED = ServedModel(StoredModel(zoo_manifest("efficientnet_lite0"), Path()), Fleet.of(FakeEngine()))
METRICS = Metrics()
SETTINGS = load_settings(max_batch_items=8)
Reply = TypeVar("Reply", bound=BaseModel)
Outcome = Prediction | ServiceError


def refusals(*kinds: type[ServiceError]) -> st.SearchStrategy[ServiceError]:
    """Errors without paths, which clients are not told: tests/server/api/test_server_paths.py has them."""
    words = st.text(st.characters(codec="utf-8", exclude_characters="/"))
    return st.one_of(*(st.builds(kind, words, words) for kind in kinds))


scores = st.builds(ClassScore, st.integers(0, 2**31 - 1), st.text(), st.floats(allow_nan=False, allow_infinity=False))
predictions = st.builds(
    Prediction,
    st.lists(scores, min_size=1, max_size=MAX_TOP_K).map(tuple),
    st.sampled_from(["stream", "mxbase", "fake"]),
    st.sampled_from(["probability", "logit", "calibrated"]),
    st.dictionaries(st.text(), st.floats(0, 1e6), max_size=8),
    prediction_set=st.none() | st.builds(PredictionSet, st.floats(0.01, 0.999), st.lists(scores, min_size=1, max_size=40).map(tuple)),
)


class Answering:
    """Stands for the admission and the engine behind it: what it is given is what they answer."""

    served = SERVED

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self._outcomes = iter(outcomes)

    def check_room(self, _client: str, *, short: bool) -> None:
        pass

    def check_place(self, _client: str) -> None:
        pass

    def deadline_s(self, _timeout_ms: int | None) -> float:
        return 0

    async def classify(self, *_: object) -> Prediction:
        outcome = next(self._outcomes)
        if isinstance(outcome, ServiceError):
            raise outcome
        return outcome


def body_of(app: ASGIApp, query: str = "", content_type: str = "image/png", body: bytes = b"") -> bytes:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": query.encode(),
        "headers": [(b"content-type", content_type.encode())],
        "request_context": RequestContext("id", 0),
        TELLS_WHEN_GONE: True,
    }
    asyncio.run(cast("Any", app(scope, receive, send)))
    return b"".join(message.get("body", b"") for message in sent)


def routes(*outcomes: Outcome) -> ClassifyRoutes:
    models = Registry([RegisteredModel(SERVED, METRICS, 1.0)])
    models.default.admission = cast("Admission", Answering(outcomes))
    return ClassifyRoutes(models, BodyBudget(10**9, METRICS), SETTINGS)


def held(kind: type[Reply], body: bytes) -> Reply:
    """The reply, which says what the description says and nothing else, in its order."""
    reply = kind.model_validate_json(body, strict=True, extra="forbid")
    assert json.dumps(json.loads(body)) == json.dumps(reply.model_dump(mode="json", exclude_unset=True))
    return reply


def check_item(item: BatchItem | BatchItemError, outcome: Outcome, top_k: int) -> None:
    if isinstance(outcome, ServiceError):
        assert item == BatchItemError(error=printable(str(outcome)), code=outcome.code)
        return
    assert isinstance(item, BatchItem)
    assert {"model": item.model, "version": item.version} == SERVED.words
    assert (item.engine, item.score_type) == (outcome.engine, outcome.score_type)
    assert [(best.class_id, best.label, best.score) for best in item.predictions] == list(outcome.scores[:top_k])
    assert (item.prediction_set is None) == (outcome.prediction_set is None)
    if item.prediction_set and outcome.prediction_set:
        assert item.prediction_set.coverage == outcome.prediction_set.coverage
        assert [(each.class_id, each.label, each.score) for each in item.prediction_set.classes] == list(outcome.prediction_set.classes)


@settings(deadline=None, max_examples=30)
@given(predictions, st.integers(1, MAX_TOP_K))
def test_the_encoder_of_one_image(prediction: Prediction, top_k: int) -> None:
    reply = held(ClassifyReply, body_of(routes(prediction).classify, f"top_k={top_k}", body=IMAGE))
    check_item(reply, prediction, top_k)
    assert set(reply.timing_ms) == {"read", "total", *prediction.stages_s}


@settings(deadline=None, max_examples=30)
@given(st.lists(predictions | refusals(UndecodableImage, EngineFailed), min_size=1, max_size=SETTINGS.max_batch_items))
def test_the_encoder_of_a_batch(outcomes: list[Outcome]) -> None:
    images = json.dumps({"images": [base64.b64encode(IMAGE).decode()] * len(outcomes)}).encode()
    reply = held(BatchReply, body_of(routes(*outcomes).classify_batch, content_type="application/json", body=images))
    assert len(reply.results) == len(outcomes)
    for item, outcome in zip(reply.results, outcomes, strict=True):
        check_item(item, outcome, DEFAULT_TOP_K)
    assert set(reply.timing_ms) == {"read", "total"}


@settings(deadline=None)
@given(refusals(*error_classes()))
def test_the_error_body(error: ServiceError) -> None:
    async def refuse(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise error

    reply = held(ErrorReply, body_of(RequestMiddleware(refuse, frozenset(), METRICS, lambda: "fake", NO_KEYS, None)))
    assert (reply.error, reply.code) == (printable(str(error)), error.code)


def test_every_reply_over_http(fake_server: ServerProcess) -> None:
    client = fake_server.client
    held(ClassifyReply, client.post("/classify", content=IMAGE).content)
    batch = held(BatchReply, client.post("/classify/batch", files=[("image", IMAGE), ("image", b"none")]).content)
    assert [type(result) for result in batch.results] == [BatchItem, BatchItemError]
    assert held(InfoReply, client.get("/info").content).engines[0].name == "fake"
    assert held(HealthReply, client.get("/health/live").content).status == "live"
    assert held(HealthReply, client.get("/health/ready").content).status == "ready"


@pytest.mark.parametrize(
    ("method", "path", "content", "code"),
    [
        ("POST", "/classify", b"", "bad_request"),
        ("POST", "/classify", b"no image", "unsupported_image"),
        ("POST", "/classify", bytes(300_001), "body_too_large"),
        ("GET", "/classify", b"", "method_not_allowed"),
        ("GET", "/nothing", b"", "not_found"),
        ("GET", "/evaluate/nothing", b"", "not_found"),
        ("POST", "/evaluate", b"{}", "bad_request"),
        ("GET", "/" + "x" * 60_000, b"", "uri_too_long"),
    ],
)
def test_refusals_over_http(fake_server: ServerProcess, method: str, path: str, content: bytes, code: str) -> None:
    response = fake_server.client.request(method, path, content=content)
    reply = held(ErrorReply, response.content)
    assert (reply.code, reply.request_id) == (code, response.headers["x-request-id"])


def test_what_is_more_than_described_is_noticed_here_and_ignored_by_clients() -> None:
    body = b'{"error":"no","code":"bad_request","request_id":"1","more":1}'
    with pytest.raises(ValidationError, match="Extra inputs"):
        held(ErrorReply, body)
    assert ErrorReply.model_validate_json(body).error == "no"
    with pytest.raises(ValidationError, match="finite"):
        ClassifyReply.model_validate_json(json.dumps(schemas.ANSWER_EXAMPLE).replace("0.79", "NaN"))


def test_the_example_is_an_answer() -> None:
    held(ClassifyReply, json.dumps(schemas.ANSWER_EXAMPLE).encode())


def test_clients_need_no_server() -> None:
    program = "import sys, server.api.schemas; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert not {"fastapi", "starlette", "uvicorn", "numpy", "cv2", "openvino", "sqlite3", "prometheus_client"} & set(loaded)
