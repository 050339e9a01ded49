import json
import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from pipelines.cpu.compile_cache import DIGESTS, FRESH, KEPT
from pipelines.cpu.elements.compiled_model import CpuModel
from tests.level_model import SIDE_PX, level_graph

PICTURE = np.full((SIDE_PX, SIDE_PX, 3), 41, np.uint8)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "level.onnx"
    path.write_bytes(level_graph("N", "1,2").SerializeToString())
    return path


def answers(model: CpuModel) -> list[bytes]:
    return [model.runner().run([PICTURE] * size, size)[0][0].tobytes() for size in model.batch_sizes]


def files(cache: Path) -> dict[Path, int]:
    return {path: path.stat().st_ino for path in sorted(cache.rglob("*.blob"))}


def test_the_second_start_takes_what_the_first_compiled(model: Path, tmp_path: Path) -> None:
    plain, cache = answers(CpuModel(model)), tmp_path / "cache"
    assert answers(CpuModel(model, cache=cache)) == plain
    kept = files(cache)
    assert len(kept) == 2
    assert cache.stat().st_mode & 0o777 == 0o700
    assert answers(CpuModel(model, cache=cache)) == plain
    assert files(cache) == kept


def test_another_file_or_option_is_compiled_by_itself(model: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    CpuModel(model, cache=cache)
    CpuModel(model, 1, cache=cache)
    model.write_bytes(level_graph(1).SerializeToString())
    CpuModel(model, cache=cache)
    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize("damage", ["a bit", "half", "no digest", "nonsense", "one file more"])
def test_what_is_damaged_is_compiled_again(model: Path, tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    plain, cache = answers(CpuModel(model)), tmp_path / "cache"
    CpuModel(model, cache=cache)
    blob = next(iter(files(cache)))
    content = blob.read_bytes()
    blob.chmod(0o600)
    if damage == "a bit":
        blob.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
    elif damage == "half":
        blob.write_bytes(content[: len(content) // 2])
    elif damage == "no digest":
        (blob.parent / DIGESTS).unlink()
    elif damage == "nonsense":
        (blob.parent / DIGESTS).write_text("{")
    else:
        (blob.parent / "more.blob").write_bytes(b"")
    assert answers(CpuModel(model, cache=cache)) == plain
    assert ("compiled again" in caplog.text) == (damage != "no digest")
    place = next(iter(files(cache))).parent
    assert set(json.loads((place / DIGESTS).read_text())) == {path.name for path in place.glob("*.blob")}


def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, as if this process had used nothing yet."""
    monkeypatch.setattr("pipelines.cpu.compile_cache._used", set())


def test_the_models_used_last_are_kept(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    for threads in range(1, KEPT + 1):
        CpuModel(model, threads, cache=cache)
    for place in cache.iterdir():
        os.utime(place, (1, 1))
    another_process(monkeypatch)
    CpuModel(model, 1, cache=cache)  # used again
    first = max(cache.iterdir(), key=lambda place: place.stat().st_mtime)
    CpuModel(model, KEPT + 1, cache=cache)
    assert len(list(cache.iterdir())) == KEPT
    assert first.exists()


def test_what_a_process_uses_itself_is_kept_however_much_it_is(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    CpuModel(model, KEPT + 2, cache=cache)
    [foreign] = cache.iterdir()
    another_process(monkeypatch)
    for _start in range(2):
        for threads in range(1, KEPT + 2):
            CpuModel(model, threads, cache=cache)
        kept = files(cache)
        assert len(list(cache.iterdir())) == KEPT + 1
        assert not foreign.exists()
        another_process(monkeypatch)
    for threads in range(1, KEPT + 2):
        CpuModel(model, threads, cache=cache)
    assert files(cache) == kept


def test_a_folder_that_cannot_be_used_is_left_alone(model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    plain = answers(CpuModel(model))
    assert answers(CpuModel(model, cache=Path(os.devnull))) == plain
    assert caplog.text == ""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert answers(CpuModel(model, cache=tmp_path / "open")) == plain
    assert list((tmp_path / "open").iterdir()) == []
    assert f"Run: chmod 700 {tmp_path / 'open'}" in caplog.text


def test_a_user_without_a_home_keeps_nothing(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    CpuModel(model, cache=Path("~/.cache/ascend-classify"))
    assert not (tmp_path / "~").exists()


def test_what_a_killed_process_left_is_removed(model: Path, tmp_path: Path) -> None:
    old, new = tmp_path / f"cache/{FRESH}old", tmp_path / f"cache/{FRESH}new"
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (1, 1))
    CpuModel(model, cache=tmp_path / "cache")
    assert (old.exists(), new.exists()) == (False, True)


def test_a_model_that_cannot_be_compiled_leaves_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a network")
    with pytest.raises(RuntimeError):
        CpuModel(broken, cache=tmp_path / "cache")
    assert list(tmp_path.glob("cache/*")) == []


def _load(model: Path, cache: Path) -> bytes:
    return answers(CpuModel(model, cache=cache))[0]


def test_processes_that_start_at_once(model: Path, tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        found = pool.starmap(_load, [(model, tmp_path / "cache")] * 6)
    assert set(found) == {answers(CpuModel(model))[0]}
    assert len(list((tmp_path / "cache").iterdir())) == 1
