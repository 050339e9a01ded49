"""models golden."""

import subprocess
from pathlib import Path

from models.store import ModelStore
from tests.level_model import level_png, store_level_model
from tests.server.cli import command


def run(store: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return command.run("models", "golden", "level", *arguments, "--model-store", store)


def test_the_answer_is_kept_with_the_image(tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    (tmp_path / "photo.png").write_bytes(level_png(40))
    done = run(tmp_path / "store", tmp_path / "photo.png", "--class-id", 10)
    assert (done.returncode, done.stdout) == (0, "golden.png of level is class 10 with 1.0000 ± 0.05\n")
    model = ModelStore(tmp_path / "store").open("level")
    assert model.manifest.golden
    assert model.checked("golden.png", model.manifest.golden.sha256).read_bytes() == level_png(40)


def test_an_ending_that_a_manifest_cannot_have_is_left_out(tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    (tmp_path / "photo.first try").write_bytes(level_png(40))
    done = run(tmp_path / "store", tmp_path / "photo.first try")
    assert (done.returncode, done.stdout) == (0, "golden of level is class 10 with 1.0000 ± 0.05\n"), done.stderr


def test_another_class_is_refused(tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    (tmp_path / "photo.png").write_bytes(level_png(40))
    done = run(tmp_path / "store", tmp_path / "photo.png", "--class-id", 11)
    assert done.returncode == 1
    assert "is class 10" in done.stderr
    assert ModelStore(tmp_path / "store").open("level").manifest.golden is None
