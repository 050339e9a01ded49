"""`convert import`, run as a user runs it."""

import os
import pty
import subprocess
import sys
from contextlib import suppress
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from models.store import ModelStore
from tests.convert.checkpoint_made import trained_weights, write_torch_legacy
from tests.convert.exports.exports_made import SIDE, Export, step
from tests.convert.preprocessing.red_network import flat_png, red_network
from tests.server.cli.command import run

TIMM = (
    "short side 256 bicubic (Pillow's; the engines come near to it with linear), centre crop 224, RGB, "
    "mean 123.675,116.28,103.53, std 58.395,57.12,57.375"
)
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
        f"Recipe: {TIMM} (from --transform timm).",
        "Writing mine.onnx.",
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


def imported(network: Path, store: Path, *options: object) -> subprocess.CompletedProcess[str]:
    return run("convert", "import", network, "red", *options, "--model-store", store)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """Of pixels 0-1 with ImageNet's mean and std, in BGR."""
    path = tmp_path / "net.onnx"
    path.write_bytes(red_network(mean=103.53, std=57.375, channel=2).SerializeToString())
    (tmp_path / "red.png").write_bytes(flat_png((120, 80, 200), 48, 32))
    return path


RIGHT = {"--resize": "stretch", "--colour-order": "BGR", "--mean": "0.406,0.456,0.406", "--std": "0.225,0.224,0.225", "--scale": "1/255"}


def test_the_right_recipe_proves_itself(network: Path, tmp_path: Path) -> None:
    done = imported(network, tmp_path / "store", *chain(*RIGHT.items()), "--expect", f"{tmp_path / 'red.png'}=50")
    assert done.returncode == 0, done.stderr
    line = "Recipe: stretch to 32x32 linear, BGR, mean 103.53,116.28,103.53, std 57.375,57.12,57.375 (from the options)."
    assert line in done.stderr.splitlines()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"--colour-order": "RGB"}, "instead of 50. The answer would be the expected one if the colour order is BGR: --colour-order BGR"),
        ({"--scale": None}, "can be meant for pixels of 0-1 or of 0-255. Say which: for pixels of 0-1 add --scale 1/255"),
        ({"--scale": "1"}, "instead of 50. The answer would be the expected one if mean and std are those of ImageNet: --mean 123.675"),
        ({"--mean": "123.675,116.28,103.53"}, "Mean and std belong to the pixels after the scale"),
        ({"--std": None}, "--mean is said, but not --std"),
        ({"--mean": None}, "--std is said, but not --mean"),
        ({"--mean": None, "--std": None}, "instead of 50. The answer would be the expected one if mean and std are those of ImageNet"),
        (
            {"--std": None, "--mean": None, "--scale": None},
            "Nothing says how pictures reached net.onnx in its training (--mean and --std).",
        ),
        ({"--colour-order": None}, "Nothing says how pictures reached net.onnx in its training (--colour-order)."),
        ({"--resize": None}, "Nothing says how pictures reached net.onnx in its training (--resize)."),
        ({"--colour-order": "GREY"}, "The network takes 3 channels, and the colour order is GREY."),
        ({"--layout": "NHWC"}, "The network takes NCHW, not NHWC."),
        ({"--crop": "224"}, "The network takes 32 pixels, but the recipe gives 224."),
        ({"--resize": "pad"}, "and the engines cannot"),
    ],
)
def test_a_wrong_recipe_is_refused(network: Path, tmp_path: Path, wrong: dict[str, str | None], told: str) -> None:
    """Each way to a wrong answer ends with its name, and leaves nothing in the store."""
    said = {option: word for option, word in {**RIGHT, **wrong}.items() if word is not None}
    done = imported(network, tmp_path / "store", *chain(*said.items()), "--expect", f"{tmp_path / 'red.png'}=50")
    assert done.returncode == 1
    assert told in done.stderr
    assert ModelStore(tmp_path / "store").names() == []


def test_a_file_beside_the_weights_says_the_recipe(network: Path, tmp_path: Path) -> None:
    (tmp_path / "preprocessor_config.json").write_text(
        '{"image_processor_type": "ViTImageProcessor", "size": 32, "image_mean": [0.5], "image_std": [0.5], "resample": 3}'
    )
    done = imported(network, tmp_path / "store")
    assert done.returncode == 0, done.stderr
    assert (
        "Recipe: stretch to 32x32 bicubic (Pillow's; the engines come near to it with linear), RGB, mean 127.5, std 127.5 "
        "(from preprocessor_config.json)."
    ) in done.stderr.splitlines()
    (tmp_path / "preprocessor_config.json").unlink()
    again = imported(network, tmp_path / "store", "--recipe", tmp_path / "store/red/manifest.toml")
    assert again.returncode == 0, again.stderr
    (tmp_path / "config.json").write_text('{"input_size": [3, 32, 32], "crop_pct": 1, "mean": [0.5], "std": [0.5], "num_classes": 9}')
    done = imported(network, tmp_path / "store")
    assert "config.json beside net.onnx is for 9 classes, but the network has 64. If its pictures are the right ones" in done.stderr
    assert imported(network, tmp_path / "store", "--recipe", tmp_path / "config.json", "--force").returncode == 0


def test_a_network_that_is_not_square(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(red_network(size_px=(64, 32)).SerializeToString())
    (tmp_path / "red.png").write_bytes(flat_png((120, 80, 200)))
    said = ("--resize", "stretch:80x48", "--crop", "64x32", "--colour-order", "RGB", "--scale", "1")
    done = imported(tmp_path / "net.onnx", tmp_path / "store", *said, "--expect", f"{tmp_path / 'red.png'}=50")
    assert done.returncode == 0, done.stderr
    recipe = ModelStore(tmp_path / "store").open("red").manifest.recipe
    assert (recipe.input_size_px, recipe.network_size_px) == ((80, 48), (64, 32))


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_a_person_at_a_terminal_is_asked(network: Path, tmp_path: Path, answer: str, code: int) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "server", "convert", "import", str(network), "red", "--model-store", str(tmp_path / "store")]
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    told = b""
    while b"[y/N]" not in told:
        told += os.read(ours, 4096)
    os.write(ours, f"{answer}\n".encode())
    with suppress(OSError):  # the other side is closed at the end
        while os.read(ours, 4096):
            pass
    assert process.wait(60) == code
    os.close(ours)
    assert b"Nothing says --resize, --colour-order, --mean and --std" in told.replace(b"\r\n", b" ")
    assert ModelStore(tmp_path / "store").names() == (["red"] if answer == "y" else [])


LAST = Export(image=("N", SIDE, SIDE, 3), before=(step("Transpose", perm=[0, 3, 1, 2]),))
GREY = Export(image=("N", 1, SIDE, SIDE), channels=1)
SCALED = Export(before=(step("Div", np.array(255, np.float32)),))


@pytest.mark.parametrize(
    ("export", "options", "line"),
    [
        (LAST, ("--layout", "NHWC", "--colour-order", "BGR", "--scale", "1/255"), "BGR, mean 0, std 255 (from the options)."),
        (GREY, ("--mean", "127.5", "--std", "127.5"), "GREY, mean 127.5, std 127.5 (from the options)."),
        (SCALED, ("--colour-order", "RGB"), "RGB, mean 0, std 1 (from the options and the network)."),
    ],
)
def test_an_export_and_what_is_said(tmp_path: Path, export: Export, options: tuple[str, ...], line: str) -> None:
    done = imported(export.write(tmp_path / "net.onnx"), tmp_path / "store", "--resize", "stretch", *options)
    assert done.returncode == 0, done.stderr
    assert f"Recipe: stretch to 32x32 linear, {line}" in done.stderr.splitlines()
    manifest = tmp_path / "store/red/manifest.toml"
    before = manifest.read_text()
    again = imported(tmp_path / "net.onnx", tmp_path / "store", "--recipe", manifest)
    assert (again.returncode, manifest.read_text()) == (0, before)


@pytest.mark.parametrize(
    ("export", "options", "told"),
    [
        (LAST, ("--layout", "NCHW"), "The network takes NHWC, not NCHW."),
        (GREY, ("--colour-order", "BGR"), "The network takes 1 channel, and the colour order is BGR."),
    ],
)
def test_an_export_of_another_form_than_is_said(tmp_path: Path, export: Export, options: tuple[str, ...], told: str) -> None:
    done = imported(export.write(tmp_path / "net.onnx"), tmp_path / "store", "--yes", *options)
    assert done.returncode == 1
    assert told in done.stderr


def test_names_of_files_cannot_move_the_cursor(tmp_path: Path) -> None:
    done = run("convert", "import", tmp_path / "a\x1b[2Jb.pth", "--model-store", tmp_path / "store")
    assert done.stderr.splitlines()[0] == "Reading a\\u001b[2Jb.pth."
