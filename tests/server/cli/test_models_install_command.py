"""`models install`."""

from pathlib import Path

from models.store import ModelStore
from tests.level_model import store_level_model
from tests.server.cli.command import run


def test_it_says_where_the_model_is(tmp_path: Path) -> None:
    folder = store_level_model(tmp_path / "elsewhere").folder
    done = run("models", "install", folder, "--model-store", tmp_path / "store")
    assert (done.returncode, done.stdout) == (0, f"level is installed in {tmp_path / 'store/level'}\n")
    assert ModelStore(tmp_path / "store").names() == ["level"]


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    done = run("models", "install", tmp_path / "nothing", "--model-store", tmp_path / "store")
    assert done.returncode == 1
    assert "[model_not_found]" in done.stderr
