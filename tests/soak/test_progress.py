from pathlib import Path

import pytest

from tests.soak.progress import Progress


def test_a_run_goes_on_where_the_one_before_stopped(tmp_path: Path) -> None:
    state = tmp_path / "outputs" / "soak.json"
    first = Progress.read(state, 18)
    first.images["stream"] += 4000
    first.requests["stream"] += 1000
    first.statuses["422"] += 5000
    first.add_memory(150, 152)
    first.write(state)
    second = Progress.read(state, 4)
    assert second == first
    assert second.seed == 18
    second.images["mxbase"] += 10
    second.statuses["500"] += 1
    second.add_faults(["a fault"])
    second.add_memory(150, 151)
    assert str(second) == (
        "so far: 4010 (mxbase 10, stream 4000) images, 1000 (stream 1000) requests in 0 s, 5xx 1, crashes 0, other faults 0, "
        "RSS from 150 to 152 MiB"
    )


def test_the_texts_of_faults_are_bounded() -> None:
    progress = Progress(1)
    progress.add_faults(["x"] * 99)
    progress.add_faults(["y"] * 99)
    assert (progress.fault_count, len(progress.faults)) == (198, 100)


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "soak.json").write_text("[]")
    with pytest.raises(ValueError, match="Start anew with --fresh"):
        Progress.read(tmp_path / "soak.json", 1)
