"""Which runtime is there."""

from pathlib import Path

import pytest

from pipelines.cpu import CpuOptions, CpuStreamManager
from server.engines.runtime import detect_runtime, open_stream_manager
from server.errors import EngineUnavailable


def test_without_a_chip_it_is_the_cpu(tmp_path: Path) -> None:
    assert detect_runtime(tmp_path) == "cpu"
    assert isinstance(open_stream_manager("cpu", CpuOptions())[0], CpuStreamManager)


def test_with_a_chip_and_the_sdk_it_is_ascend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "davinci_manager").touch()
    (tmp_path / "StreamManagerApi.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert detect_runtime(tmp_path) == "cpu"  # the manager's node alone is not a chip
    (tmp_path / "davinci0").touch()
    assert detect_runtime(tmp_path) == "ascend"


def test_ascend_without_the_sdk_says_so() -> None:
    with pytest.raises(EngineUnavailable, match=r"cannot be imported.*RUNTIME=cpu"):
        open_stream_manager("ascend", CpuOptions())
