"""The middleware adds ids, headers, the check of the key, metrics and logs to each request."""

import json
from pathlib import Path

import pytest

from tests.level_model import level_png
from tests.server.bare_client import BareClient
from tests.server.process import ServerProcess
from tests.soak.http_requests import request


def test_every_reply_carries_the_headers(fake_server: ServerProcess) -> None:
    for path, method in (("/classify", "POST"), ("/nothing", "GET"), ("/health/live", "GET"), ("/", "GET")):
        headers = fake_server.client.request(method, path).headers
        assert len(headers["x-request-id"]) == 16
        assert headers["x-engine"] == "fake"
        assert "total;dur=" in headers["server-timing"]


def test_a_request_id_is_kept_if_it_is_harmless(fake_server: ServerProcess) -> None:
    def echoed(value: str) -> str:
        return fake_server.client.get("/info", headers={"x-request-id": value}).headers["x-request-id"]

    assert echoed("order-17.a:b_c") == "order-17.a:b_c"
    assert echoed("x" * 65) != "x" * 65
    assert echoed('"}, {"') != '"}, {"'


@pytest.mark.parametrize(
    ("method", "path", "status", "code"), [("GET", "/nothing", 404, "not_found"), ("GET", "/classify", 405, "method_not_allowed")]
)
def test_starlettes_refusals_wear_the_same_body(fake_server: ServerProcess, method: str, path: str, status: int, code: str) -> None:
    response = fake_server.client.request(method, path)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers.get("allow") == ("POST, PUT" if status == 405 else None)


def test_metrics_count_by_route_and_outcome(fake_server: ServerProcess) -> None:
    def counts() -> tuple[float, float, float]:
        return (
            fake_server.metric("classify_http_requests_total", endpoint="/classify", method="POST", code="200"),
            fake_server.metric("classify_images_total", engine="fake", outcome="ok"),
            fake_server.metric("classify_http_requests_total", endpoint="other", code="404"),
        )

    before = counts()
    fake_server.client.post("/classify", content=level_png(8))
    fake_server.client.get("/a/path/of/no/route")
    assert counts() == tuple(count + 1 for count in before)
    assert fake_server.metric("classify_in_flight") == 0
    assert fake_server.metric("classify_window_capacity") == 64
    assert fake_server.metric("classify_engine_up", engine="fake") == 1


def test_one_log_line_a_request_with_its_id(fake_server: ServerProcess) -> None:
    fake_server.client.get("/info", headers={"x-request-id": "find-me"})
    line = fake_server.log("find-me")
    assert (line["method"], line["path"], line["status"], line["client"]) == ("GET", "/info", 200, "127.0.0.1")


def test_the_api_keys_guard_all_but_health_and_page(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("phone:of-the-phone\n")
    with ServerProcess(engines="fake", api_key="s3cret", api_keys_file=tmp_path / "keys") as server:
        statuses = {path: server.client.get(path).status_code for path in ("/info", "/metrics", "/evaluate", "/nothing", "/classify")}
        assert set(statuses.values()) == {401}
        for path in ("/", "/web/classify.js", "/health/ready", "/docs", "/openapi.json", "/docs-assets/swagger-ui.css"):
            assert server.client.get(path).status_code == 200
        refused = server.client.post("/classify", content=level_png(8), headers={"x-api-key": "s3cre"})
        assert (refused.status_code, refused.json()["code"], refused.headers["www-authenticate"]) == (401, "unauthorized", "Bearer")
        for headers in ({"x-api-key": "s3cret"}, {"authorization": "Bearer s3cret"}):
            assert server.client.post("/classify", content=level_png(8), headers=headers).status_code == 200
        blanks = (b"X-Api-Key: \t s3cret \t ", b"Authorization:Bearer s3cret ")  # which do not belong to a value (RFC 9110, 5.5)
        with BareClient(server.address) as client:
            client.send(*(request(b"GET", b"/info", b"", header) for header in (*blanks, b"X-Api-Key: s3 cret", b"Connection: close")))
            assert [status for status, _ in client.answers()] == [200, 200, 401, 401]
        for number, (key, name) in enumerate((("s3cret", "default"), ("of-the-phone", "phone"), ("of-the-phon", None))):
            headers = {"x-api-key": key, "x-request-id": f"find-{number}"}
            assert key not in json.dumps(server.client.get("/info", headers=headers).json())
            line = server.log(f"find-{number}")
            assert (line.get("key"), key in json.dumps(line)) == (name, False)
