import time

import pytest

from server.api.sessions import COOKIE, LASTS_S, Sessions
from server.errors import Forbidden

KEYS = {"phone": "s3cret", "till": "other"}


def sent(value: str, **headers: str) -> dict[bytes, bytes]:
    named = {name.replace("_", "-").encode(): text.encode() for name, text in headers.items()}
    return {b"cookie": f"a=b; {COOKIE}={value}".encode(), b"host": b"here:8000", **named}


def test_a_cookie_tells_the_name_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    value = Sessions(KEYS).begin("phone")
    assert Sessions(KEYS).name_of(sent(value), "GET") == "phone"  # another process with the same keys
    assert "s3cret" not in value
    later_s = time.time() + LASTS_S + 1
    monkeypatch.setattr(time, "time", lambda: later_s)
    assert Sessions(KEYS).name_of(sent(value), "GET") == ""


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "x",
        "phone",
        "phone:9999999999",
        "phone:9999999999:",
        "phone:9999999999:00",
        "nobody:9999999999:00",
        ":::",
        "phone:²:00",
        "é",
        "a" * 5000,
    ],
)
def test_what_was_not_given_out_is_nothing(forged: str) -> None:
    assert Sessions(KEYS).name_of(sent(forged), "GET") == ""


def test_no_cookie_of_another_server_hides_it() -> None:
    value = Sessions(KEYS).begin("phone")
    for others in (f"{value}; {COOKIE}=x", f"x; {COOKIE}={value}", f'x; a={{"b":"c"}}; {COOKIE}={value}'):
        assert Sessions(KEYS).name_of(sent(others), "GET") == "phone"


def test_no_part_of_it_can_be_changed() -> None:
    name, ends, mac = Sessions(KEYS).begin("phone").split(":")
    changed = [f"till:{ends}:{mac}", f"{name}:{int(ends) + 1}:{mac}", f"{name}:{ends}:{mac[:-1]}{'1' if mac[-1] != '1' else '2'}"]
    assert [Sessions(KEYS).name_of(sent(value), "GET") for value in changed] == ["", "", ""]


def test_a_changed_key_ends_it() -> None:
    value = Sessions(KEYS).begin("phone")
    assert Sessions(KEYS | {"phone": "new"}).name_of(sent(value), "GET") == ""
    assert Sessions({"till": "other"}).name_of(sent(value), "GET") == ""


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "same-site", "origin": "http://here:8000"}, False),
        ({"origin": "http://here:8000"}, True),
        ({"origin": "http://here:9000"}, False),
        ({"origin": "null"}, False),
    ],
)
def test_what_changes_something_must_come_from_a_page_of_this_server(headers: dict[str, str], allowed: bool) -> None:
    cookie = sent(Sessions(KEYS).begin("phone"), **headers)
    assert Sessions(KEYS).name_of(cookie, "GET") == "phone"
    if allowed:
        assert Sessions(KEYS).name_of(cookie, "POST") == "phone"
    else:
        with pytest.raises(Forbidden, match="another origin"):
            Sessions(KEYS).name_of(cookie, "DELETE")
