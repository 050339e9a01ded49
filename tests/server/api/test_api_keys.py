"""Named keys: the file, the comparison, and the client that a key stands for."""

import logging
from pathlib import Path

import pytest

from server.api.api_keys import NO_KEYS, ApiKeys
from server.cli.flags import load_settings
from server.errors import Unauthorized
from server.settings import SettingInvalid

SCOPE = {"client": ("10.0.0.7", 4711)}


def keys_of(path: Path, content: bytes, **settings: object) -> ApiKeys:
    """Those of a file with this content, which only its owner can read."""
    path.write_bytes(content)
    path.chmod(0o600)
    return ApiKeys.of(load_settings(api_keys_file=path, **settings))


def test_a_file_may_come_from_any_editor(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = b"\xef\xbb\xbf# who may ask\r\n\r\nphone:a:b#c\r\n till-2 : \xc3\xa4 key \n #old:gone\n"
    keys = keys_of(tmp_path / "keys", file, api_key="shared")
    given = (b"a:b#c", "ä key".encode(), b" shared\t", b"gone", b"a:b", b"", b"a:b #c")
    assert [keys.find({b"x-api-key": key}) for key in given] == ["phone", "till-2", "default", "", "", "", ""]
    for scheme in (b"Bearer", b"bearer", b"BEARER "):
        assert keys.name_of({b"authorization": scheme + b" a:b#c"}) == "phone"
    with pytest.raises(Unauthorized):
        keys.name_of({b"authorization": b"Basic a:b#c"})
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"phone:one\nphone:two", r"keys, line 2: the name 'phone' occurs twice\."),
        (b"phone:s3cret\n\ntill:s3cret", r"keys, line 3: the key of 'phone' occurs twice\."),
        (b"phone:shared", r"keys, line 1: the key of 'default' occurs twice\."),
        (b"default:s3cret", r"keys, line 1: the name 'default' occurs twice\."),
        (b"phone:s3cret\ntill: ", r"keys, line 2: the key of 'till' is empty\."),
        (b"s3cret", r"keys, line 1: there is no colon\."),
        (b":s3cret", r"keys, line 1: the name is not of letters"),
        (b"the phone:s3cret", r"keys, line 1: the name is not of letters"),
        (b"phone:s3cret\xff", r"API_KEYS_FILE cannot be read: it is not UTF-8\."),
    ],
)
def test_what_cannot_be_is_told_without_a_key(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(SettingInvalid, match=message) as raised:
        keys_of(tmp_path / "keys", content, api_key="shared")
    assert "s3cret" not in str(raised.value)
    assert str(raised.value).count("\n") == 0


def test_a_file_of_no_keys_or_no_file_opens_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match=r"keys holds no API key\. Each line of API_KEYS_FILE is name:key"):
        keys_of(tmp_path / "keys", b"# none yet\n")
    with pytest.raises(SettingInvalid, match=r"API_KEYS_FILE cannot be read: .*gone"):
        ApiKeys.of(load_settings(api_keys_file=tmp_path / "gone"))
    with pytest.raises(SettingInvalid, match=r"API_KEY_FILE: .*gone cannot be read"):
        ApiKeys.of(load_settings(api_key_file=tmp_path / "gone"))


def test_a_file_that_all_can_read_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "keys").write_text("phone:one")
    (tmp_path / "keys").chmod(0o644)
    with caplog.at_level(logging.WARNING):
        assert ApiKeys.of(load_settings(api_keys_file=tmp_path / "keys"))
    assert f"to close it: chmod o-r {tmp_path}/keys" in caplog.text


def test_a_named_key_is_a_client_and_a_shared_one_is_not(tmp_path: Path) -> None:
    assert keys_of(tmp_path / "keys", b"phone:one", api_key="shared").client_of(SCOPE, "default") == "key default"
    assert ApiKeys.of(load_settings(api_key="shared")).client_of(SCOPE, "default") == "10.0.0.7"
    assert NO_KEYS.client_of(SCOPE, "") == "10.0.0.7"
    assert not NO_KEYS
