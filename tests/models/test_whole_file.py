import stat
from pathlib import Path

import pytest

from models.model_errors import StoreRefused
from models.whole_file import write_whole


def test_the_file_is_whole_and_alone(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("former")
    write_whole(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for path in (tmp_path / "a", tmp_path / "b/c"):
        with pytest.raises(StoreRefused, match=str(path)):
            write_whole(path, b"new")
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]
