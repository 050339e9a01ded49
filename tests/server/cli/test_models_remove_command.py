"""`models remove`."""

from pathlib import Path

from tests.level_model import store_level_model
from tests.server.cli.command import run


def test_it_asks_or_is_told(tmp_path: Path) -> None:
    folder = store_level_model(tmp_path).folder
    refused = run("models", "remove", "level", "--model-store", tmp_path)
    assert (refused.returncode, folder.is_dir()) == (1, True)
    assert "there is no terminal to ask. Say it with --yes [setting_invalid]" in refused.stderr
    done = run("models", "remove", "level", "--yes", "--model-store", tmp_path)
    assert (done.returncode, done.stdout, folder.exists()) == (0, f"level is removed from {tmp_path}\n", False)
    again = run("models", "remove", "level", "--model-store", tmp_path)
    assert again.returncode == 1
    assert "[model_not_found]" in again.stderr
