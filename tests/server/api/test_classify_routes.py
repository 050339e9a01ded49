"""POST /classify and /classify/batch over real HTTP: the default model, and every form of a request."""

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from server.engines.fake_engine import fake_prediction
from server.types import EncodedImage, ImageFormat
from tests.level_model import level_png, store_level_model
from tests.server.process import ServerProcess


def post(server: ServerProcess, path: str = "/classify", **request: Any) -> httpx.Response:
    return server.client.post(path, **request)


def best(response: httpx.Response) -> tuple[int, str]:
    assert response.status_code == 200, response.text
    first = response.json()["predictions"][0]
    return first["class_id"], first["label"]


def encoded(photo: bytes, suffix: str, *options: int) -> bytes:
    pixels = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return cv2.imencode(suffix, pixels, options)[1].tobytes()


def test_the_photos_get_their_classes(live_server: ServerProcess, cat: bytes, coffee: bytes) -> None:
    answer = post(live_server, files={"image": ("cat.png", cat)}).json()
    assert answer["model"] == "efficientnet_lite0"
    assert answer["engine"] == "stream"
    assert answer["score_type"] == "probability"
    assert [entry["class_id"] for entry in answer["predictions"]] == [285, 282, 281, 287, 728]
    assert answer["predictions"][0]["label"] == "Egyptian cat"
    assert answer["predictions"][0]["score"] == pytest.approx(0.7847, abs=5e-4)
    assert {"read", "decode", "resize", "infer", "postprocess", "serialize", "queue", "total"} <= set(answer["timing_ms"])
    answer = post(live_server, files={"image": ("coffee.png", coffee)}).json()
    assert answer["predictions"][0] == {"class_id": 967, "label": "espresso", "score": pytest.approx(0.9166, abs=5e-4)}


@pytest.mark.parametrize("media_type", ["image/png", "application/octet-stream", "image/jpeg"])
def test_raw_body(live_server: ServerProcess, cat: bytes, media_type: str) -> None:
    """The bytes decide what an image is, not the header."""
    assert best(post(live_server, content=cat, headers={"content-type": media_type})) == (285, "Egyptian cat")


LYING = ["application/x-www-form-urlencoded", "application/json", "text/plain", "image/jpg", "application/octet-stream", None]


@pytest.mark.parametrize("kind", LYING)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_headers_that_lie(fake_server: ServerProcess, kind: str | None, method: str) -> None:
    """`curl --data-binary` says that it sends a form, and `curl -T` puts."""
    headers = {"content-type": kind} if kind else {}
    reply = fake_server.client.request(method, "/classify", content=level_png(8), headers=headers)
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize("coding", ["gzip", "deflate", "identity"])
def test_packed_bodies(fake_server: ServerProcess, coding: str) -> None:
    """Each is answered like the one that is not packed, in every form."""
    packers: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress, "identity": bytes}
    pack = packers[coding]
    text = json.dumps({"image": base64.b64encode(level_png(8)).decode()}).encode()
    expected = best(post(fake_server, content=level_png(8)))
    for content in (level_png(8), text):
        assert best(post(fake_server, content=pack(content), headers={"content-encoding": coding})) == expected
    bomb = post(fake_server, "/classify/batch", content=gzip.compress(bytes(50_000_000)), headers={"content-encoding": "gzip"})
    assert (bomb.status_code, bomb.json()["code"]) == (413, "body_too_large")
    assert fake_server.metric("classify_body_bytes") == 0


def test_json_body(live_server: ServerProcess, coffee: bytes) -> None:
    text = base64.b64encode(coffee).decode()
    assert best(post(live_server, json={"image": text})) == (967, "espresso")
    assert best(post(live_server, json={"image": f"data:image/png;base64,{text}", "top_k": 1})) == (967, "espresso")


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".jpg", (cv2.IMWRITE_JPEG_QUALITY, 95)),
        (".jpg", (cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
        (".webp", (cv2.IMWRITE_WEBP_QUALITY, 95)),
        (".png", ()),
        (".bmp", ()),
    ],
    ids=["jpeg", "progressive jpeg", "webp", "png", "bmp"],
)
def test_every_encoding(live_server: ServerProcess, cat: bytes, coffee: bytes, suffix: str, options: tuple[int, ...]) -> None:
    assert best(post(live_server, content=encoded(cat, suffix, *options)))[0] == 285
    assert best(post(live_server, content=encoded(coffee, suffix, *options)))[0] == 967


def test_batch_keeps_order_and_isolates_a_bad_image(live_server: ServerProcess, cat: bytes, coffee: bytes) -> None:
    parts = [("image", cat), ("image", b"no image"), ("image", coffee[:5000]), ("image", coffee)]
    answer = post(live_server, "/classify/batch?top_k=1", files=parts).json()
    outcomes = [result["predictions"][0]["class_id"] if "predictions" in result else result["code"] for result in answer["results"]]
    assert outcomes == [285, "unsupported_image", "undecodable_image", 967]


def test_64_clients_at_once_get_their_own_answers(tmp_path: Path) -> None:
    store_level_model(tmp_path)
    with ServerProcess(model_store=tmp_path, model="level") as server, ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda level: best(post(server, content=level_png(4 * level))), range(64)))
    assert answers == [(level, f"level {4 * level}") for level in range(64)]


def fake_class(data: bytes) -> int:
    return fake_prediction(EncodedImage(data, ImageFormat.PNG, 1, 1)).scores[0].class_id


@pytest.mark.parametrize("top_k", [1, 5, 10])
def test_top_k_cuts(fake_server: ServerProcess, top_k: int) -> None:
    image = level_png(40)
    predictions = post(fake_server, f"/classify?top_k={top_k}", content=image).json()["predictions"]
    assert len(predictions) == top_k
    assert predictions[0]["class_id"] == fake_class(image)


def test_options_of_the_body_beat_the_query(fake_server: ServerProcess) -> None:
    files = {"image": level_png(40), "top_k": (None, "2")}
    assert len(post(fake_server, "/classify?top_k=4", files=files).json()["predictions"]) == 2


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"content": b""}, 400, "bad_request"),
        ({"content": b"plain text"}, 415, "unsupported_image"),
        ({"content": b"GIF89a" + bytes(40)}, 415, "unsupported_image"),
        ({"content": level_png(8)[:-20]}, 422, "undecodable_image"),
        ({"content": level_png(8, 1001)}, 413, "image_too_large"),
        ({"content": bytes(300_001)}, 413, "body_too_large"),
        ({"content": iter([bytes(200_000), bytes(200_000)])}, 413, "body_too_large"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, "bad_request"),
        ({"json": {"image": "not base64!"}}, 400, "bad_request"),
        ({"json": {"picture": ""}}, 400, "bad_request"),
        ({"json": {}}, 400, "bad_request"),
        ({"files": {"photo": b"x"}}, 415, "unsupported_image"),
        ({"files": {"image": b"x"}, "data": {"topk": "3"}}, 400, "bad_request"),
        ({"content": level_png(8), "params": {"topk": "3"}}, 400, "bad_request"),
        ({"content": level_png(8), "headers": {"content-encoding": "br"}}, 415, "unsupported_coding"),
        ({"content": gzip.compress(bytes(300_001)), "headers": {"content-encoding": "gzip"}}, 413, "body_too_large"),
        ({"files": [("image", b"x"), ("image", b"x")]}, 400, "bad_request"),
        ({"content": b"--x\r\n", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 400, "bad_request"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "bad_request"),
        ({"data": {"image": "x"}}, 400, "bad_request"),
        ({"content": level_png(8), "params": {"top_k": "0"}}, 400, "bad_request"),
        ({"content": level_png(8), "params": {"top_k": "17"}}, 400, "bad_request"),
        ({"content": level_png(8), "params": {"top_k": "٣"}}, 400, "bad_request"),
        ({"content": level_png(8), "params": {"timeout_ms": "-1"}}, 400, "bad_request"),
        *(
            ({"content": level_png(8), "params": {"coverage": text}}, 400, "bad_request")
            for text in ("0", "1", ".0", "95", "-.5", "1e-1", "٣")
        ),
        ({"content": level_png(8), "params": {"coverage": "0.95"}}, 409, "not_calibrated"),
        ({"files": {"image": level_png(8)}, "data": {"coverage": ".95"}}, 409, "not_calibrated"),
        ({"json": {"image": base64.b64encode(level_png(8)).decode(), "coverage": 0.95}}, 409, "not_calibrated"),
    ],
)
def test_refusals(fake_server: ServerProcess, request_: dict[str, Any], status: int, code: str) -> None:
    response = post(fake_server, **request_)
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code)
    assert set(body) == {"error", "code", "request_id"}
    assert body["request_id"] == response.headers["x-request-id"]


def test_a_batch_has_a_limit(fake_server: ServerProcess) -> None:
    response = post(fake_server, "/classify/batch", files=[("image", level_png(8))] * 5)
    assert (response.status_code, response.json()["code"]) == (400, "bad_request")


def test_json_batch(fake_server: ServerProcess) -> None:
    images = [level_png(8), level_png(12)]
    answer = post(fake_server, "/classify/batch", json={"images": [base64.b64encode(image).decode() for image in images], "top_k": 1})
    assert [result["predictions"][0]["class_id"] for result in answer.json()["results"]] == [fake_class(image) for image in images]
