"""Over HTTP, as a browser without scripts does it."""

from collections.abc import Iterator

import httpx
import pytest

from server.api.sessions import COOKIE
from tests.server.bare_client import BareClient
from tests.server.process import ServerProcess

KEY = "s3cret"
IN_BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def browser(keyed_server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=keyed_server.url, headers=IN_BROWSER) as client:
        yield client


def test_who_signs_in_comes_to_the_page_and_stays_signed_in(browser: httpx.Client) -> None:
    asked = browser.get("/evaluate?x=1")
    assert asked.status_code == 401
    assert 'name="next" value="evaluate?x=1"' in asked.text
    reply = browser.post("/sign-in", data={"key": KEY, "next": "evaluate?x=1"})
    assert (reply.status_code, reply.headers["location"]) == (303, "./evaluate?x=1")
    told = reply.headers["set-cookie"]
    assert told.startswith(f"{COOKIE}=default:")
    assert {"HttpOnly", "SameSite=strict"} <= set(told.split("; "))
    assert "Secure" not in told
    assert KEY not in told
    assert browser.get("/evaluate").status_code == 200
    assert browser.post("/sign-out").headers["location"] == "./"
    assert browser.get("/evaluate").status_code == 401


def test_a_wrong_key_is_told_in_the_page_and_in_json(browser: httpx.Client) -> None:
    reply = browser.post("/sign-in", data={"key": "wrong", "next": "info"})
    assert (reply.status_code, "set-cookie" in reply.headers) == (401, False)
    assert "does not know this key" in reply.text
    assert 'name="next" value="info"' in reply.text
    reply = browser.post("/sign-in", data={"key": "wrong"}, headers={"Accept": "application/json"})
    assert (reply.status_code, reply.json()["code"]) == (401, "unauthorized")


def test_a_script_gets_no_redirect(browser: httpx.Client) -> None:
    reply = browser.post("/sign-in", data={"key": KEY}, headers={"Accept": "application/json"})
    assert (reply.status_code, reply.content) == (204, b"")
    assert browser.get("/info", headers={"Accept": "application/json"}).status_code == 200


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
def test_no_other_site_signs_anybody_in_or_out(browser: httpx.Client, path: str) -> None:
    reply = browser.post(path, data={"key": KEY}, headers={"Sec-Fetch-Site": "cross-site", "Accept": "*/*"})
    assert (reply.status_code, reply.json()["code"], "set-cookie" in reply.headers) == (403, "forbidden", False)


def test_a_cookie_changes_nothing_for_a_page_of_another_port(browser: httpx.Client) -> None:
    browser.post("/sign-in", data={"key": KEY})
    reply = browser.post("/admin/models/reload", headers={"Sec-Fetch-Site": "same-site", "Accept": "*/*"})
    assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")


def test_a_large_form_is_refused(browser: httpx.Client) -> None:
    reply = browser.post("/sign-in", content=b"key=" + b"x" * 5000)
    assert (reply.status_code, reply.json()["code"]) == (413, "body_too_large")


def test_without_keys_nobody_signs_in(fake_server: ServerProcess) -> None:
    reply = fake_server.client.post("/sign-in", data={"key": "x"}, headers=IN_BROWSER)
    assert (reply.status_code, reply.headers["location"], "set-cookie" in reply.headers) == (303, "./", False)
    assert "sign-in" not in fake_server.client.get("/").text


@pytest.mark.parametrize("headers", [{"Origin": "http://["}, {"Host": "["}, {"Origin": "http://[", "Host": "["}])
def test_headers_that_are_no_addresses_are_no_fault(keyed_server: ServerProcess, headers: dict[str, str]) -> None:
    with httpx.Client(base_url=keyed_server.url, headers={"Accept": "text/html"} | headers) as client:
        assert client.post("/sign-in?x=1", data={"key": "wrong"}).status_code in (401, 403)
        assert client.get("/evaluate?x=1").status_code == 401


def test_who_goes_away_amid_the_form_is_no_fault() -> None:
    with ServerProcess(engines="fake", api_key=KEY) as server:
        with BareClient(server.address) as client:
            client.send(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nX-Request-Id: gone\r\nContent-Length: 99\r\n\r\nkey=")
        assert server.log("gone")["status"] == 499
        assert server.troubles() == []
