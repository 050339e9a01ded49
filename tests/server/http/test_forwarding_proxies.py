"""The client of a request, where a proxy stands between."""

import httpx
import pytest

from server.http.forwarding_proxies import ForwardingProxies
from server.settings import SettingInvalid
from tests.server.process import NO_TLS, ServerProcess
from tests.server.reverse_proxy import reverse_proxy


def believed(allowed: str, client: str, *headers: tuple[str, str]) -> tuple[str, str]:
    """The client and the scheme of a request."""
    raw = [(name.encode(), value.encode()) for name, value in headers]
    scope = {"type": "http", "client": (client, 1), "scheme": "http", "headers": raw}
    ForwardingProxies(allowed).believe(scope)
    return scope["client"][0], scope["scheme"]  # type: ignore[return-value]


FOR = "x-forwarded-for"
SAID = ((FOR, "203.0.113.9"), ("x-forwarded-proto", "https"))


@pytest.mark.parametrize("allowed", ["", "10.0.0.1", "127.0.0.2, 10.0.0.0/8"])
def test_others_are_not_believed_not_even_the_loopback(allowed: str) -> None:
    assert believed(allowed, "127.0.0.1", *SAID) == ("127.0.0.1", "http")


@pytest.mark.parametrize("allowed", ["127.0.0.1", "10.0.0.1,127.0.0.0/8", "*"])
def test_the_listed_are_believed(allowed: str) -> None:
    assert believed(allowed, "127.0.0.1", *SAID) == ("203.0.113.9", "https")


def test_the_client_is_the_last_that_is_no_listed_proxy() -> None:
    said = ((FOR, "198.51.100.1, 203.0.113.9"), (FOR, "10.0.0.2"))  # the first is what the client wrote itself
    assert believed("10.0.0.0/8", "10.0.0.1", *said) == ("203.0.113.9", "http")


@pytest.mark.parametrize("text", ['"}, {"', "\x1b[31mred", "localhost", "", "a" * 5000])
def test_what_is_no_address_is_not_taken(text: str) -> None:
    assert believed("127.0.0.1", "127.0.0.1", (FOR, text), ("x-forwarded-proto", "gopher")) == ("127.0.0.1", "http")


def test_twice_is_as_once() -> None:
    scope = {"client": ("10.0.0.1", 1), "scheme": "http", "headers": [(FOR.encode(), b"203.0.113.9, 10.0.0.2")]}
    proxies = ForwardingProxies("10.0.0.0/8")
    for _ in range(2):
        proxies.believe(scope)
        assert scope["client"] == ("203.0.113.9", 0)


@pytest.mark.parametrize("allowed", ["10.0.0.1/8", "proxy.example", "127.0.0.1,*"])
def test_a_list_that_cannot_be_is_refused(allowed: str) -> None:
    with pytest.raises(SettingInvalid, match=r"FORWARDED_ALLOW_IPS: .*10\.1\.0\.0/16"):
        ForwardingProxies(allowed)


def test_the_log_has_the_client_of_a_listed_proxy_only(fake_server: ServerProcess) -> None:
    def client_in_log(server: ServerProcess, name: str) -> object:
        with reverse_proxy(server.url, forwarded_for=True) as url:
            httpx.get(f"{url}/info", headers={"x-request-id": name}, verify=NO_TLS)
        return server.log(name)["client"]

    assert client_in_log(fake_server, "not-listed") == "127.0.0.1"
    with ServerProcess(engines="fake", forwarded_allow_ips="127.0.0.1") as server:
        assert client_in_log(server, "listed") == "203.0.113.9"
