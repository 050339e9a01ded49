"""`--expect`: a model proves itself before it is in the store, by the engine that serves."""

import re
from pathlib import Path

import numpy as np
import pytest

from convert.conversion_errors import ConvertError
from convert.original_transform import decode, transformed
from convert.plain_run import PlainRun
from convert.preprocessing.likely_mistake import transform_of
from models.store import ModelStore
from server.cli.convert.expected_answer import Expected, parse_expected
from tests.convert.preprocessing.red_network import flat_png, red_network
from tests.server.cli.command import run

SAID = ("--resize", "stretch", "--colour-order", "RGB", "--scale", "1")
PHOTO = Path(__file__).parents[3] / "photos" / "coffee.png"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a=b.jpg=287", Expected(Path("a=b.jpg"), 287)), ("a.jpg=b/logits.npy", Expected(Path("a.jpg"), Path("b/logits.npy")))],
)
def test_a_photo_and_its_answer(text: str, expected: Expected) -> None:
    assert parse_expected(text) == expected


@pytest.mark.parametrize("text", ["", "a.jpg", "=287", "a.jpg=", "a.jpg=cat", "a.jpg=-1", "a.jpg=123456"])
def test_what_is_neither(text: str) -> None:
    with pytest.raises(ConvertError, match=r"--expect photo.jpg=287, or --expect photo.jpg=logits.npy$"):
        parse_expected(text)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    (tmp_path / "net.onnx").write_bytes(red_network().SerializeToString())
    (tmp_path / "red.png").write_bytes(flat_png((40, 80, 200)))
    return tmp_path / "net.onnx"


def test_a_match_becomes_the_golden_image(network: Path, tmp_path: Path) -> None:
    answer = f"{tmp_path / 'red.png'}=50"
    done = run("convert", "import", network, "red", *SAID, "--expect", answer, "--model-store", tmp_path / "store")
    assert done.returncode == 0, done.stderr
    model = ModelStore(tmp_path / "store").open("red")
    assert model.manifest.golden
    assert (model.manifest.golden.class_id, model.manifest.golden.file) == (50, "golden.png")
    assert model.checked("golden.png", model.manifest.golden.sha256).read_bytes() == (tmp_path / "red.png").read_bytes()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            "red.png=10",
            "red.png does not get the expected answer, so nothing is imported: class 50 .* instead of 10.*if the colour order is BGR",
        ),
        ("red.png=63", "instead of 63. No usual mistake"),
        ("red.png=64", "the classes are 0 to 63"),
        ("red.png=scores.npy", "of their span, where 2% is rounding; the best class is 50, expected 10. .*if the colour order is BGR"),
        ("red.png=none.npy", "^error: --expect none.npy: there is no such file"),
        ("none.png=50", "^error: --expect none.png: there is no such file"),
        ("net.onnx=50", r"--expect net.onnx is not classified: The \d+ bytes are none of the known image types"),
    ],
)
def test_another_answer_leaves_the_store_as_it_is(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("scores.npy", -0.01 * (np.arange(0, 256, 4) - 40.0) ** 2)
    done = run("convert", "import", network, "red", *SAID, "--expect", answer, "--model-store", "store")
    assert done.returncode == 1
    assert re.search(message, done.stderr), done.stderr
    assert "Exception ignored" not in done.stderr
    assert ModelStore(tmp_path / "store").names() == []


@pytest.mark.parametrize("interpolation", ["linear", "bicubic", "area"])
def test_the_logits_of_the_training_prove_the_recipe(network: Path, tmp_path: Path, interpolation: str) -> None:
    """Also where the engines only come near to its resize: the logits are compared behind the training's own."""
    network.write_bytes(red_network(mean=120, std=60).SerializeToString())
    store = ModelStore(tmp_path / "store")
    said = (*SAID[:4], "--mean", "120", "--std", "60", "--interpolation", interpolation)
    done = run("convert", "import", network, "red", *said, "--model-store", store.root)
    assert done.returncode == 0, done.stderr
    model = store.open("red")
    picture = transformed(decode(PHOTO.read_bytes()), transform_of(model.manifest.recipe, interpolation), model.manifest.recipe)
    np.save(tmp_path / "logits.npy", PlainRun(model).logits(picture))
    expect = ("--expect", f"{PHOTO}={tmp_path / 'logits.npy'}", "--force", "--model-store", store.root)
    assert run("convert", "import", network, "red", *said, *expect).returncode == 0
    for wrong in (("--colour-order", "BGR"), ("--mean", "140")):
        done = run("convert", "import", network, "red", *said, *wrong, *expect)
        assert done.returncode == 1
        assert "the largest difference of the logits is " in done.stderr
