"""The commands without a cluster; tests/ray runs them on one."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.server.cli.command import run

WITHOUT = pytest.mark.skipif(find_spec("ray") is not None, reason="the extra ray is installed")


@WITHOUT
@pytest.mark.parametrize("words", [("up", "--engines", "fake"), ("status",), ("down",)])
def test_without_the_extra_a_command_says_what_is_missing(words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("ray", *words)
    assert done.returncode == 1
    assert "ascend-classify[ray]" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_share_that_cannot_be() -> None:
    done = run("ray", "up", "--least", 3, "--most", 2)
    assert done.returncode == 2
    assert "at most 2 replicas are fewer" in done.stderr


def test_settings_are_flags_too() -> None:
    done = run("ray", "up", "--devices", "0", "--chips", 1)
    assert (done.returncode, "DEVICES cannot be set for replicas with chips" in done.stderr) == (1, True)
