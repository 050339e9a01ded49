"""Where a person is sent when the SDK does not start."""

from pathlib import Path

import pytest

from server.engines.vendor_log import remedy_at_start


def test_the_folder_is_the_one_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MX_SDK_HOME", raising=False)
    new, old = tmp_path / "log/mindxsdk/logs", tmp_path / "sdk/logs"
    assert remedy_at_start() == f"See the SDK's log in {new}, and run: ascend-classify doctor"
    old.mkdir(parents=True)
    monkeypatch.setenv("MX_SDK_HOME", str(old.parent))
    assert remedy_at_start() == f"See the SDK's log in {old}, and run: ascend-classify doctor"
    new.mkdir(parents=True)
    assert remedy_at_start() == f"See the SDK's log in {new}, and run: ascend-classify doctor"
