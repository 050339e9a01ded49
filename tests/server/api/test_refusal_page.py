"""Where a browser asks for a page that there is none of, it gets one with the reason; everyone else gets JSON."""

import pytest
from starlette.types import Scope

from models.model_errors import ClassifyError
from server.api.refusal_page import refusal
from server.api.request_context import RequestContext
from server.errors import EngineUnavailable, Forbidden, InternalError, NotFound, Unauthorized
from tests.server.process import ServerProcess

HTML = {b"accept": b"text/html,*/*;q=0.8"}


def asked(method: str = "GET") -> Scope:
    context = RequestContext("id-1", 0.0, "client")
    return {"type": "http", "method": method, "path": "/a/b", "query_string": b"", "headers": [], "request_context": context}


@pytest.mark.parametrize(
    ("error", "status", "heading"),
    [
        (NotFound("There is no <b>a</b>.", "Look."), 404, "There is nothing here"),
        (Forbidden("It is outside.", "Look."), 403, "This is not allowed"),
        (EngineUnavailable("It is down.", "Look."), 503, "The server cannot answer now"),
        (InternalError("It broke."), 500, "The server has a fault"),
    ],
)
def test_a_browser_gets_the_reason_on_a_page(error: ClassifyError, status: int, heading: str) -> None:
    reply = refusal(asked(), HTML, error, "id-1")
    text = bytes(reply.body).decode()
    assert (reply.status_code, reply.headers["cache-control"]) == (status, "no-store")
    assert f'<h1 class="asking-for">{heading}</h1>' in text
    assert f"{status} {error.code} · request id-1" in text
    assert str(error).replace("<b>", "&lt;b&gt;").replace("</b>", "&lt;/b&gt;") in text
    assert ("retry-after" in reply.headers) == (status == 503)


def test_who_needs_a_key_is_asked_for_it_and_programs_get_json() -> None:
    assert b'name="key"' in bytes(refusal(asked(), HTML, Unauthorized("None.", "Sign in."), "id-1").body)
    for scope, headers in ((asked("POST"), HTML), (asked(), {b"accept": b"*/*"})):
        assert refusal(scope, headers, NotFound("Nothing.", "Look."), "id-1").headers["content-type"] == "application/json"


def test_in_chinese_the_catalogue_stands_before_the_words_of_the_server(fake_server: ServerProcess) -> None:
    reply = fake_server.client.get("/evaluate/none", headers={"Accept": "text/html", "Accept-Language": "zh"})
    assert reply.status_code == 404
    assert '<h1 class="asking-for">未找到</h1>' in reply.text
    assert reply.text.index("找不到该路由、模型、数据集或评测。") < reply.text.index('class="refused')
    assert "text/html" in reply.headers["content-type"]
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nowhere", 404, "There is nothing at /nowhere."),
        ("/evaluate/compare", 400, "The request is wrong: query a: Field required; query b: Field required."),
    ],
)
def test_a_wrong_address_and_a_wrong_query_get_a_page(fake_server: ServerProcess, path: str, status: int, words: str) -> None:
    reply = fake_server.client.get(path, headers={"Accept": "text/html"})
    assert (reply.status_code, reply.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert words in reply.text
    assert words in fake_server.client.get(path).json()["error"]


def test_an_address_of_slashes_gets_no_larger_a_page(fake_server: ServerProcess) -> None:
    sizes = [len(fake_server.client.get("/a" * count, headers={"Accept": "text/html"}).content) for count in (40, 4000)]
    assert sizes[1] < sizes[0] + 3 * len("/a" * 4000)  # the address itself is in it


def test_a_method_that_a_file_does_not_take(fake_server: ServerProcess) -> None:
    reply = fake_server.client.post("/web/style.css")
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, HEAD")
