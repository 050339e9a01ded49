"""What is read from the environment's long names and from files; tests/server/test_settings.py reads whole settings."""

from pathlib import Path

import pytest

from server.setting_sources import SettingInvalid, check_name, plain_text, read_toml


@pytest.mark.parametrize("written", ["a,b", " a,b\r", '"a,b"', "' a,b '"])
def test_a_text_without_what_is_around_it(written: str) -> None:
    assert plain_text(written) == "a,b"


def test_the_remedy_is_the_callers(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("a = \n")
    with pytest.raises(SettingInvalid, match=r"x\.toml: .*line 1.*Write it so\."):
        read_toml(tmp_path / "x.toml", "Write it so.")


def test_the_nearest_name_is_told() -> None:
    check_name("port", {"port": 1}, "port")
    with pytest.raises(SettingInvalid, match=r"There is no setting for PROT\. Did you mean port\?"):
        check_name("prot", {"port": 1}, "PROT")
