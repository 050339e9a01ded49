"""`convert parity` as a user runs it, over a real network, and over ones that were tampered with."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from models.manifest import Transform
from models.store import ModelStore
from tests.level_model import comb, level_png, store_level_model
from tests.server.cli.command import run
from tests.server.process import ServerProcess

PHOTOS = Path(__file__).parents[3] / "photos"
NAME = "efficientnet_lite0"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The photos, four parts of each in a folder below, and a file that is not an image."""
    folder = tmp_path_factory.mktemp("images")
    (folder / "parts").mkdir()
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    for photo in PHOTOS.iterdir():
        pixels = cv2.imread(str(photo))
        assert pixels is not None
        (folder / photo.name).write_bytes(photo.read_bytes())
        for part in range(4):
            cut = pixels[20 * part :, 30 * part :]
            cv2.imwrite(str(folder / "parts" / f"{photo.stem}{part}.jpg"), cut)
    return folder


def test_a_model_agrees_with_itself_exactly(model_store: ModelStore, images: Path) -> None:
    done = run(
        "convert", "parity", NAME, model_store.root / NAME, "--images", images, "--max-difference", "0", MODEL_STORE=str(model_store.root)
    )
    assert (done.returncode, done.stdout.count("recipe ")) == (0, 2)
    assert "images compared   10\ntop-1 agreement   1.0000 (10 of 10)\ntop-5 overlap     1.0000\nscore difference  none\n" in done.stdout
    assert "failed            1 (0 of them on one side only)" in done.stdout
    assert f"  {images / 'broken.jpg'}\n    A " in done.stdout
    assert done.stderr == ""  # the bar is for terminals


@pytest.fixture(scope="module")
def server(model_store: ModelStore) -> Iterator[ServerProcess]:
    with ServerProcess(model_store=model_store.root) as server:
        yield server


def test_a_running_server_agrees_with_the_engine_here(model_store: ModelStore, images: Path, server: ServerProcess) -> None:
    done = run("convert", "parity", server.url, f"{NAME}@cpu", *images.glob("*.png"), "--json", MODEL_STORE=str(model_store.root))
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert (found["images"], found["compared"], found["top1_agreement"], found["largest_difference"]["difference"]) == (2, 2, 1, 0)
    keys = ("model", "version", "recipe_sha256", "labels_sha256", "engine", "runtime")
    assert len({tuple(side[key] for key in keys) for side in found["sides"]}) == 1
    assert found["warnings"] == []


def alter(path: Path, model_store: ModelStore, initializer: str) -> None:
    """Write the model's artifact with one of its constants reversed, or made noisy if it is a weight."""
    model = onnx.load(model_store.open(NAME).check_artifact("cpu")[1])
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name.endswith(initializer))
    value = numpy_helper.to_array(tensor)
    changed = value[::-1] if value.ndim == 1 else value + np.random.default_rng(1).normal(0, value.std(), value.shape)
    tensor.CopyFrom(numpy_helper.from_array(changed.astype(value.dtype), tensor.name))
    path.write_bytes(model.SerializeToString())


@pytest.mark.parametrize("initializer", ["recipe/bgr_to_rgb", "_fc.weight"])
def test_an_altered_artifact_is_caught(model_store: ModelStore, images: Path, tmp_path: Path, initializer: str) -> None:
    """The colours the other way round, and noise as large as the weights: the file's own facts say nothing of it."""
    file = tmp_path / "altered.onnx"
    alter(file, model_store, initializer)
    done = run("convert", "parity", NAME, file, "--images", images, "--json", MODEL_STORE=str(model_store.root))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: The two sides do not agree: ")
    assert done.stderr.splitlines()[-1].endswith("[parity_broken]")
    found = json.loads(done.stdout)
    assert found["largest_difference"]["difference"] > 0.02
    assert Path(found["largest_difference"]["image"]).is_file()
    names = [row["image"] for row in found["differing"]]
    assert names
    assert found["top1_agreement"] == 1 - len(names) / 10
    assert set(names) <= {str(path) for path in images.rglob("*.*g")}


def test_the_distance_to_the_original_transform_is_told(model_store: ModelStore, images: Path, tmp_path: Path) -> None:
    """The cat is nearly another one when it is cropped as its weights were trained (see tests/convert/test_original_transform.py)."""
    model = model_store.open(NAME)
    folder = tmp_path / NAME
    folder.mkdir()
    for path in model.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    transform = Transform(name="theirs", resize_px=256, crop_px=224, interpolation="bicubic")
    model.manifest.model_copy(update={"transform": transform}).write(folder / "manifest.toml")
    done = run("convert", "parity", folder, f"{folder}:original", *sorted(images.glob("*.png")), "--limit", "1")
    assert done.returncode == 1
    assert "engine original transform theirs" in done.stdout
    assert "top-1 agreement   0.0000 (0 of 1)" in done.stdout
    assert "    A   0.7847   285  Egyptian cat\n    B   0.3946   282  tiger cat" in done.stdout
    loose = ("--min-top1", "0", "--min-top5", "0.8", "--max-difference", "0.5")
    assert run("convert", "parity", folder, f"{folder}:original", images / "cat.png", *loose).returncode == 0


def test_what_was_compared_before_an_interruption_is_printed(tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    (tmp_path / "1.png").write_bytes(level_png(4))
    many = ["1.png"] * 4_000  # short, since the folder may have a long name and a command line has an end
    environment = os.environ | {"MODEL_STORE": str(tmp_path / "store"), "TTY_COMPATIBLE": "1"}
    command = [sys.executable, "-m", "server", "convert", "parity", "level", "level", *many]
    with subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        while "%" not in process.stderr.read(1):  # the bar is there
            pass
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in error) == (130, False)
    assert " of 4000 images." in out.splitlines()[-1]


def test_without_images_nothing_starts(tmp_path: Path) -> None:
    done = run("convert", "parity", "nonsense", "nonsense", "--images", tmp_path)
    assert done.returncode == 1
    assert "There are no images." in done.stderr


def test_the_cost_of_a_reduced_decode_is_told(tmp_path: Path) -> None:
    """One picture that shows it, and one that does not."""
    store_level_model(tmp_path / "store")
    images = tmp_path / "images"
    images.mkdir()
    (images / "comb.jpg").write_bytes(comb())
    (images / "flat.png").write_bytes(level_png(40))
    done = run("convert", "parity", "level", "level", images, "--decode", "reduced", MODEL_STORE=str(tmp_path / "store"))
    assert done.returncode == 1
    sides = done.stdout.splitlines()[:2]
    assert [f"decode {decode}" in side for side, decode in zip(sides, ("exact", "reduced"), strict=True)] == [True, True]
    assert "where A has > 0.5 0.5000 (1 of 2 with the same best class)" in done.stdout
