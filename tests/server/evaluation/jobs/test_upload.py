from pathlib import Path

import pytest

from server.errors import Saturated
from server.evaluation.evaluation_errors import EvaluationLost
from server.evaluation.jobs.upload import Upload
from server.serving.disk_budget import DiskBudget
from server.telemetry.metrics import Metrics


def test_an_upload_has_no_name_and_is_counted_until_its_end(tmp_path: Path) -> None:
    disk = DiskBudget(tmp_path, 10, Metrics())
    with Upload(tmp_path, "1", disk) as upload, Upload(tmp_path, "2", disk) as other:
        upload.write(b"12345")
        other.write(b"678")
        assert (upload.bytes, disk.held_bytes, list(tmp_path.iterdir())) == (5, 8, [])
        with pytest.raises(Saturated):
            upload.write(b"abc")
        upload.file.seek(0)
        assert upload.file.read() == b"12345"
    assert disk.held_bytes == 0


def test_where_nothing_can_be_stored(tmp_path: Path) -> None:
    with pytest.raises(EvaluationLost, match="EVALUATION_DIR"):
        Upload(tmp_path / "none", "1", DiskBudget(tmp_path, 10, Metrics()))
