"""`convert import`, run as a user runs it."""

from pathlib import Path

import pytest

from models.store import ModelStore
from tests.convert.checkpoint_made import trained_weights, write_torch_legacy
from tests.server.cli.command import run

PHOTO = Path(__file__).parents[3] / "photos" / "cat.png"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_torch_legacy(tmp_path_factory.mktemp("checkpoint") / "weights.pth", trained_weights("resnext_1_4x4d", 3))


def test_an_imported_model_classifies(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.names").write_text("cat\ndog\nfish\n")
    store = tmp_path / "store"
    done = run("convert", "import", checkpoint, "mine", "--labels", tmp_path / "mine.names", "--transform", "timm", "--model-store", store)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"mine is ready in {store / 'mine'}\n"
    assert done.stderr.splitlines() == [
        "Reading weights.pth.",
        "Found resnext_1_4x4d with 3 classes for 224x224 pixels (torch legacy).",
        "Using the labels of mine.names.",
        "Writing mine.onnx.",
        f"mine is ready in {store / 'mine'}.",
    ]
    answer = run("classify", PHOTO, "--model", "mine", "--model-store", store)
    assert answer.returncode == 0, answer.stderr
    assert {line.split()[2] for line in answer.stdout.splitlines()[1:4]} == {"cat", "dog", "fish"}
    assert ModelStore(store).open("mine").manifest.transform is not None


def test_a_refusal_is_one_line(checkpoint: Path, tmp_path: Path) -> None:
    done = run("convert", "import", checkpoint, "--classes", "1000", "--model-store", tmp_path / "store")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: The network's classes: expected 1000, found 3. [convert_error]"
    assert done.stdout == ""
    assert not (tmp_path / "store").exists()
