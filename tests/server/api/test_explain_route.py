"""POST /explain over the whole application: what it answers, what it refuses, and what it leaves to others."""

import asyncio
import base64
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.api.schemas import ExplainReply
from server.engines.work import InferenceRequest
from server.errors import EngineFailed, Saturated
from server.serving.explanations import CLIENT
from server.types import Prediction
from tests.level_model import level_class, level_png
from tests.server.oip.served_app import ServedApp, served_app


def spotted(width_px: int = 210, height_px: int = 140) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Grey, with a bright spot in each corner: the model sees the upper ones only, and the left one three times as much."""
    pixels = np.full((height_px, width_px, 3), 100, np.uint8)
    for rows in (slice(0, height_px // 7), slice(-(height_px // 7), None)):
        pixels[rows, : width_px // 7] = pixels[rows, -(width_px // 7) :] = 255
    return pixels


SPOTTED = spotted()
PICTURE: bytes = cv2.imencode(".png", SPOTTED)[1].tobytes()


@pytest.fixture(scope="module", params=["stream", "mxbase"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApp]:
    """The model `level` on one of the engines."""
    if request.param == "mxbase":
        pytest.importorskip("mxclassify", reason="needs the compiled engine: make mxbase")
    with served_app(tmp_path_factory.mktemp("store"), kinds=request.param) as app:
        yield app


def explain(served: ServedApp, query: str = "", picture: bytes = PICTURE) -> dict[str, Any]:
    reply = served.ask("POST", f"/explain?{query}", content=picture)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    assert ExplainReply.model_validate(found, extra="forbid").model_dump(mode="json") == found
    return found


def test_the_score_falls_most_where_the_model_looks(served: ServedApp) -> None:
    found = explain(served)
    falls = np.array(found["falls"])
    assert (found["grid"], falls.shape, found["runs"], found["failures"], found["bounded"]) == (7, (7, 7), 50, [], 0)
    assert (found["width_px"], found["height_px"], found["model"], found["engine"]) == (
        210,
        140,
        "level",
        served.service.models.default.engine.name,
    )
    assert found["explained"]["class_id"] == level_class(SPOTTED)
    assert found["explained"]["label"] == f"level {4 * level_class(SPOTTED)}"
    assert falls.argmax() == 0
    assert falls[0, 0] == pytest.approx(found["explained"]["score"], abs=0.05)
    assert np.abs(falls[4:]).max() < 1e-6


def test_the_map_follows_the_picture_as_it_is_shown(served: ServedApp) -> None:
    turned = cv2.imencode(".jpg", np.rot90(SPOTTED).copy(), (cv2.IMWRITE_JPEG_QUALITY, 100))[1].tobytes()
    found = explain(served, "grid=4", turned)
    assert (found["width_px"], found["height_px"]) == (140, 210)
    assert np.array(found["falls"]).argmax() == 0


def test_another_class_and_its_label(served: ServedApp) -> None:
    found = explain(served, "class_id=63&grid=4")
    assert found["explained"]["label"] == "level 252"
    assert found["explained"]["score"] == pytest.approx(0, abs=1e-6)
    assert np.array(found["falls"]).min() <= 0


def test_a_large_picture_is_covered_small(served: ServedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine gets no more pixels for it than for one of 512."""
    engine = served.service.models.default.engine
    seen: list[tuple[int, int]] = []
    submit = engine.submit

    def watched(request: InferenceRequest) -> Future[Prediction]:
        seen.append((request.image.width_px, request.image.height_px))
        return submit(request)

    monkeypatch.setattr(engine, "submit", watched)
    found = explain(served, "grid=5", cv2.imencode(".jpg", spotted(2100, 1400))[1].tobytes())
    assert (found["width_px"], found["height_px"]) == (2100, 1400)
    assert np.array(found["falls"]).argmax() == 0
    assert seen == [(512, 341)] * 26


def test_no_answer_is_counted_but_the_request_is(served: ServedApp) -> None:
    def counted() -> tuple[float, int]:
        text = served.service.metrics.render().decode()
        lines = [line for line in text.splitlines() if line.startswith("classify_images_total{")]
        return sum(float(line.rpartition(" ")[2]) for line in lines), served.service.models.default.admission.answers

    before = counted()
    explain(served, "grid=4")
    assert counted() == before
    assert 'classify_http_requests_total{code="200",endpoint="/explain",method="POST"}' in served.service.metrics.render().decode()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("grid=3", "grid must be a whole number from 4 to 14"),
        ("grid=15", "grid must be a whole number from 4 to 14"),
        ("grid=4.0", "grid must be a whole number"),
        ("grid=", "grid must be a whole number"),
        ("grid=4&grid=4", "A parameter occurs twice"),
        ("class_id=64", "class_id is 64, and the model has 64 classes"),
        ("class_id=-1", "class_id must be a whole number from 0"),
        ("class=1", "Did you mean 'class_id'?"),
        ("timeout_ms=0", "timeout_ms must be a whole number"),
        ("top_k=5", "The query parameter 'top_k' is unknown"),
    ],
)
def test_what_is_refused(served: ServedApp, query: str, words: str) -> None:
    refusal = served.ask("POST", f"/explain?{query}", content=PICTURE)
    assert (refusal.status_code, refusal.json()["code"]) == (400, "bad_request")
    assert words in refusal.json()["error"]


def test_other_refusals(served: ServedApp) -> None:
    cases = [
        served.ask("POST", "/explain", content=b""),
        served.ask("POST", "/explain", content=b"no image"),
        served.ask("POST", "/explain", content=PICTURE[:-20]),
        served.ask("POST", "/explain?model=other", content=PICTURE),
        served.ask("GET", "/explain"),
        served.ask("POST", "/explain?timeout_ms=1", content=PICTURE),
    ]
    assert [(case.status_code, case.json()["code"]) for case in cases] == [
        (400, "bad_request"),
        (415, "unsupported_image"),
        (422, "undecodable_image"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (504, "deadline_exceeded"),
    ]


def test_every_form_of_a_request(served: ServedApp) -> None:
    coded = base64.b64encode(PICTURE).decode()
    forms: list[dict[str, Any]] = [
        {"json": {"image": coded, "timeout_ms": 9000}},
        {"files": {"image": PICTURE}, "data": {"timeout_ms": "9000"}},
    ]
    expected = explain(served, "grid=4")["falls"]
    for form in forms:
        assert served.ask("POST", "/explain?grid=4", **form).json()["falls"] == expected
    refusal = served.ask("POST", "/explain", json={"image": coded, "top_k": 3})
    assert "'top_k' is unknown" in refusal.json()["error"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.dictionaries(
        st.sampled_from(["grid", "class_id", "timeout_ms", "model", "top_k", "x"]),
        st.one_of(st.integers(-5, 70).map(str), st.text(max_size=6), st.sampled_from(["level", "4", "1e3", "٤", "99999999999999"])),
        max_size=3,
    )
)
def test_any_parameters_get_an_answer_or_a_reason(served: ServedApp, query: dict[str, str]) -> None:
    reply = served.ask("POST", "/explain", params=query, content=level_png(40))
    assert reply.status_code in {200, 400, 404, 504}, reply.text
    told = reply.json()
    assert "falls" in told if reply.status_code == 200 else len(told["error"]) > 10


async def _together(served: ServedApp, paths: list[str]) -> list[httpx.Response]:
    """Send requests at once, each from a client of its own; the loop of the server waits for all of them."""

    async def post(number: int, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(served.app, client=(f"10.0.0.{number}", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client:
            return await client.post(path, content=PICTURE)

    return await asyncio.gather(*(post(number, path) for number, path in enumerate(paths)))


def test_many_explanations_leave_the_window_to_others(served: ServedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of twenty clients eight are explained; of fifty images beside them none is refused, and few covered ones are ever in flight."""
    engine = served.service.models.default.engine
    submit = engine.submit
    under_way: set[Future[Prediction]] = set()
    most = 0

    def watched(request: InferenceRequest) -> Future[Prediction]:
        nonlocal most
        future = submit(request)
        if request.client == CLIENT:
            under_way.add(future)
            future.add_done_callback(under_way.discard)
            most = max(most, len(under_way))
        return future

    monkeypatch.setattr(engine, "submit", watched)
    replies = served.run(_together(served, ["/explain?grid=6"] * 20 + ["/classify"] * 50))
    statuses = [reply.status_code for reply in replies]
    assert sorted(statuses[:20]) == [200] * 8 + [429] * 12
    assert statuses[20:] == [200] * 50
    assert most <= 4


def test_a_full_window_does_not_fail_an_explanation(served: ServedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its images wait until there is a place."""
    engine = served.service.models.default.engine
    submit, asked = engine.submit, 0

    def mostly_full(request: InferenceRequest) -> Future[Prediction]:
        nonlocal asked
        asked += 1
        if asked % 3:
            raise Saturated("All places are taken.")
        return submit(request)

    monkeypatch.setattr(engine, "submit", mostly_full)
    assert np.array(explain(served, "grid=4")["falls"]).argmax() == 0
    assert asked == 3 * 17


def test_a_covered_picture_without_an_answer_is_told(served: ServedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = served.service.models.default.engine
    submit, asked = engine.submit, 0

    def failing(request: InferenceRequest) -> Future[Prediction]:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise EngineFailed("A fault of this test.")
        return submit(request)

    monkeypatch.setattr(engine, "submit", failing)
    found = explain(served, "grid=4")
    [failure] = found["failures"]
    assert found["falls"][failure["row"]][failure["column"]] is None
    assert (failure["code"], failure["error"]) == ("engine_failed", "A fault of this test.")
    assert sum(fall is None for row in found["falls"] for fall in row) == 1


def test_an_engine_without_the_scores_of_all_classes(tmp_path: Path) -> None:
    """Of a class that is not among the best any more the fall is told as the least it can be."""
    pixels = np.full((64, 64, 3), 60, np.uint8)
    pixels[:20, :20] = 255
    with served_app(tmp_path, full_scores="no") as served:
        found = explain(served, "grid=4", cv2.imencode(".png", pixels)[1].tobytes())
        assert np.array(found["falls"]).argmax() == 0
        assert 0 < found["bounded"] < 16
        refusal = served.ask("POST", "/explain?class_id=63", content=PICTURE)
        assert refusal.status_code == 400
        assert "Ask for one of the best" in refusal.json()["error"]


def test_turned_off_and_bounded(tmp_path: Path) -> None:
    with served_app(tmp_path, engines="fake", explain=False) as served:
        assert served.ask("GET", "/info").json()["limits"]["explain"] is False
        refusal = served.ask("POST", "/explain", content=PICTURE)
        assert (refusal.status_code, refusal.json()["error"]) == (404, "This server explains no answers. Start it with EXPLAIN=true.")
    with served_app(tmp_path, engines="fake", explain_runs=26) as served:
        assert explain(served)["grid"] == 5
        refusal = served.ask("POST", "/explain?grid=6", content=PICTURE)
        assert refusal.json()["error"] == "A grid of 6 takes 37 images, and EXPLAIN_RUNS=26. Ask for grid=5."
