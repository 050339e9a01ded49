from pathlib import Path

import pytest

from server.errors import Saturated
from server.serving.disk_budget import CHECK_BYTES, LEAST_FREE_BYTES, DiskBudget
from server.telemetry.metrics import Metrics


@pytest.fixture
def disk(tmp_path: Path) -> DiskBudget:
    return DiskBudget(tmp_path, 1000, Metrics())


def test_names_share_the_limit(disk: DiskBudget) -> None:
    disk.hold("a", 600)
    disk.hold("b", 400)
    with pytest.raises(Saturated, match=r"1000 of 1000 bytes .* DELETE /evaluate"):
        disk.hold("b", 401)
    disk.hold("a", 100)
    disk.hold("b", 900)
    disk.forget("a")
    disk.forget("none")
    assert disk.held_bytes == 900


def test_what_does_not_fit_is_told_before_it_is_sent(disk: DiskBudget) -> None:
    disk.hold("a", 600)
    disk.expect(400)
    with pytest.raises(Saturated, match="600 of 1000 bytes"):
        disk.expect(401)
    assert disk.held_bytes == 600


def test_a_disk_with_little_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = DiskBudget(tmp_path, 1 << 60, Metrics())
    with pytest.raises(Saturated, match="too few for an upload of 1125899906842624"):
        disk.expect(1 << 50)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": LEAST_FREE_BYTES + 10}))
    disk.expect(10)
    with pytest.raises(Saturated, match="Make room"):
        disk.expect(11)


def test_an_upload_that_fills_the_disk_while_it_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = DiskBudget(tmp_path, 1 << 60, Metrics())
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": LEAST_FREE_BYTES}))
    disk.hold("run", 2 * CHECK_BYTES)
    disk.hold(".uploading-a", CHECK_BYTES - 1)
    for _ in range(2):
        with pytest.raises(Saturated, match=f"too few for an upload of {CHECK_BYTES}"):
            disk.hold(".uploading-a", CHECK_BYTES)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": LEAST_FREE_BYTES + 1}))
    disk.hold(".uploading-a", CHECK_BYTES)
    assert disk.held_bytes == 3 * CHECK_BYTES


def test_what_is_there_counts_even_above_the_limit(disk: DiskBudget, tmp_path: Path) -> None:
    for name in ("one", "two/below", ".unpacking-three"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").write_bytes(bytes(8192))
    (tmp_path / "jobs.sqlite").write_bytes(bytes(8192))
    disk.measure_all()
    assert disk.held_bytes == 2 * 8192
    (tmp_path / "one/file").unlink()
    disk.measure("one")
    assert disk.held_bytes == 8192


def test_the_metrics_tell_both(tmp_path: Path) -> None:
    metrics = Metrics()
    DiskBudget(tmp_path, 1000, metrics).hold("a", 7)
    text = metrics.render().decode()
    assert "classify_evaluation_disk_bytes 7.0\n" in text
    assert "classify_evaluation_disk_limit_bytes 1000.0\n" in text
