"""Who may use the routes that reach into the machine."""

import asyncio
import subprocess

import httpx
import pytest
from starlette.requests import Request

from server.api.api_keys import ApiKeys
from server.api.guard import hostname, safe_only
from server.cli.flags import load_settings
from server.errors import Forbidden
from tests.level_model import level_png
from tests.server.process import NO_TLS, ServerProcess
from tests.server.reverse_proxy import reverse_proxy


def ask(api_key: str | None = None, method: str = "POST", *, host: str = "127.0.0.1", **headers: str) -> None:
    """Ask the guard of a server that listens on `host`, with headers of which `_` stands for `-`."""
    settings = load_settings(host=host, insecure=headers.pop("insecure", "") == "yes", allowed_hosts="box.example, other")
    raw = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in {"Host": "127.0.0.1:8000", **headers}.items()]
    keys = ApiKeys({"default": api_key} if api_key else {})
    asyncio.run(safe_only(settings, keys)(Request({"type": "http", "method": method, "headers": raw})))


@pytest.mark.parametrize(
    ("host", "api_key", "insecure", "served"),
    [
        ("127.0.0.1", None, "no", True),
        ("::1", None, "no", True),
        ("localhost", None, "no", True),
        ("0.0.0.0", None, "no", False),
        ("0.0.0.0", "key", "no", True),
        ("0.0.0.0", None, "yes", True),
        ("192.0.2.1", "", "no", False),
    ],
)
def test_who_is_served(host: str, api_key: str | None, insecure: str, served: bool) -> None:
    if served:
        ask(api_key, host=host, insecure=insecure)
    else:
        with pytest.raises(Forbidden, match="API_KEY"):
            ask(api_key, host=host, insecure=insecure)


FOREIGN = [
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:9999"},
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "same-site"},
    {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"},  # a form
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_pages_of_other_sites_are_refused_unless_there_is_a_key(headers: dict[str, str]) -> None:
    for insecure in ("no", "yes"):
        with pytest.raises(Forbidden, match="pages of other sites"):
            ask(**headers, insecure=insecure)
    ask("key", **headers)


def test_pages_of_our_own_and_links_to_them_are_answered() -> None:
    ask(origin="http://127.0.0.1:8000", sec_fetch_site="same-origin")
    ask(method="GET", sec_fetch_site="none", sec_fetch_mode="navigate", sec_fetch_dest="document")
    ask(method="GET", sec_fetch_site="cross-site", sec_fetch_mode="navigate", sec_fetch_dest="document")
    with pytest.raises(Forbidden):
        ask(method="GET", sec_fetch_site="cross-site", sec_fetch_mode="navigate", sec_fetch_dest="iframe")


def test_a_name_that_a_stranger_can_point_here_is_refused() -> None:
    for name in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example", "10.0.0.5", ""):
        with pytest.raises(Forbidden, match="ALLOWED_HOSTS"):
            ask(method="GET", Host=name)
    for name in ("localhost", "LOCALHOST:8000", "[::1]:8000", "127.0.0.2", "box.example", "other:80"):
        ask(method="GET", Host=name)


@pytest.mark.parametrize("header", ["forwarded", "x_forwarded_for", "x_forwarded_host", "x_real_ip", "via"])
def test_a_request_through_a_proxy_is_a_remote_one(header: str) -> None:
    with pytest.raises(Forbidden, match="through a proxy"):
        ask(**{header: "203.0.113.9"})
    ask("key", **{header: "203.0.113.9"})


def test_hostnames() -> None:
    assert [hostname(host) for host in ("A.b", "a:1", "[::1]", "[FE80::1]:8", "")] == ["a.b", "a", "::1", "fe80::1", ""]


def test_over_http() -> None:
    with ServerProcess(engines="fake", host="0.0.0.0") as server:
        for method, path in (("GET", "/evaluate"), ("POST", "/evaluate"), ("GET", "/evaluate/x/events"), ("DELETE", "/evaluate/x")):
            refusal = server.client.request(method, path)
            assert (refusal.status_code, refusal.json()["code"]) == (403, "forbidden")
        assert "--insecure" in refusal.json()["error"]
        assert server.client.get("/info").status_code == 200
        assert server.log("no API key is set")["level"] == "warning"
    with ServerProcess(engines="fake", host="0.0.0.0", insecure=True) as server:
        assert server.client.get("/evaluate").json() == []
    with ServerProcess(engines="fake", host="0.0.0.0", api_key="key") as server:
        assert server.client.get("/evaluate").status_code == 401
        assert server.client.get("/evaluate", headers={"X-Api-Key": "key"}).json() == []


def test_json_of_another_type_is_refused() -> None:
    """A page of another site may send these types without asking."""
    with ServerProcess(engines="fake") as server:
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            refusal = server.client.post("/evaluate", content=b'{"dataset": "x"}', headers={"Content-Type": kind})
            assert (refusal.status_code, refusal.json()["code"]) == (400, "bad_request")
        foreign = server.client.post("/admin/models/reload", headers={"Origin": "http://evil.example"})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(("forwarded_for", "public_host"), [(True, None), (False, "photos.example"), (True, "photos.example")])
def test_a_real_proxy_on_this_machine_opens_nothing(fake_server: ServerProcess, forwarded_for: bool, public_host: str | None) -> None:
    with reverse_proxy(fake_server.url, forwarded_for=forwarded_for, public_host=public_host) as url:
        for method, path in (("POST", "/admin/models/reload"), ("POST", "/evaluate"), ("GET", "/evaluate"), ("DELETE", "/evaluate/x")):
            refusal = httpx.request(method, url + path, verify=NO_TLS)
            assert (refusal.status_code, refusal.json()["code"]) == (403, "forbidden"), (method, path)
        assert httpx.post(f"{url}/classify", content=level_png(8), verify=NO_TLS).status_code == 200


def test_curl_and_httpx_are_answered(fake_server: ServerProcess) -> None:
    curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}"]
    assert subprocess.check_output([*curl, f"{fake_server.url}/evaluate"], text=True) == "200"
    assert subprocess.check_output([*curl, "-X", "POST", f"{fake_server.url}/admin/models/reload"], text=True) == "200"
    assert fake_server.client.post("/admin/models/reload").status_code == 200
