"""`convert quantize`, by its command line."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from convert.conversion_errors import ConvertError
from convert.import_checkpoint import Wishes, import_checkpoint
from convert.prepare import prepare
from convert.quantisation.f32_reference import Agreement, Compared
from convert.quantisation.search import Found, Trial
from convert.quantisation.variant import Variant
from models.manifest import Artifact
from models.store import ModelStore
from pipelines.cpu.recipe_picture import RecipePicture
from server.cli.command_line import app
from server.cli.convert.quantize_command import _table
from tests.conftest import shared
from tests.convert.checkpoint_made import trained_weights, write_torch_legacy
from tests.server.images.test_upright import UPRIGHT, png

DIGITS = "resnext_digits"


@pytest.fixture
def store(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    made = shared(tmp_path_factory, "digits", lambda folder: prepare(DIGITS, ModelStore(folder)))
    shutil.copytree(made / DIGITS, tmp_path / "store" / DIGITS)
    return ModelStore(tmp_path / "store")


def call(store: ModelStore, name: str, images: Path, *arguments: str | Path) -> Result:
    words = ["convert", "quantize", name, "--images", images, "--model-store", store.root, *arguments]
    done = CliRunner().invoke(app, list(map(str, words)))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_the_int8_artifact_of_a_model_with_its_accuracy(store: ModelStore) -> None:
    images = store.root / DIGITS / "evaluation/mixed"
    done = call(store, DIGITS, images, "--limit", "60", "--labels", images)
    assert done.exit_code == 0
    head, f32, int8, *_ = done.stdout.splitlines()
    assert head.split("  ")[0] == "VARIANT"
    assert f32.startswith("f32")
    assert int8.startswith("int8: MinMax  100.00% of ")
    assert "the same image as another file" in done.stderr
    artifact, path = store.open(DIGITS).check_artifact("cpu", "int8")
    assert done.stdout.endswith(f"{path} is written. Serve it with --precision int8\n")
    record = artifact.quantisation
    assert record is not None
    assert record.accuracy_images == 359 - record.images  # different pictures that did not calibrate
    assert record.accuracy_difference is not None
    assert record.accuracy_interval is not None
    low, high = record.accuracy_interval
    assert low <= 0 <= high
    assert abs(record.accuracy_difference) < 0.02
    assert f"accuracy on {record.accuracy_images} labelled pictures that did not calibrate: f32 9" in done.stdout
    assert sorted(path.name for path in store.root.iterdir()) == [".lock", DIGITS]


def test_a_list_of_labels_belongs_to_the_pictures(store: ModelStore) -> None:
    images = store.root / DIGITS / "evaluation/mixed/images"
    call(store, DIGITS, images, "--limit", "20", "--labels", images.parent / "val_label.txt")
    record = store.open(DIGITS).check_artifact("cpu", "int8")[0].quantisation
    assert record is not None
    assert record.accuracy_images == 359 - record.images


def test_what_agrees_too_seldom_is_kept_only_by_force(tmp_path: Path) -> None:
    checkpoint = write_torch_legacy(tmp_path / "weights.pth", trained_weights("resnext_1_4x4d", 40))
    store = ModelStore(tmp_path / "store")
    import_checkpoint(checkpoint, store, Wishes(name="m", side_px=64), progress=lambda _message: None)
    noise = np.random.default_rng(0)
    (tmp_path / "noise").mkdir()
    for number in range(12):
        cv2.imwrite(str(tmp_path / f"noise/{number}.png"), noise.integers(0, 256, (64, 64, 3), np.uint8))
    before = store.open("m").manifest
    with pytest.raises(ConvertError, match="on none of the 2 pictures"):
        call(store, "m", tmp_path / "noise", "--min-agreement", "1")
    assert store.open("m").manifest == before
    done = call(store, "m", tmp_path / "noise", "--min-agreement", "1", "--force")
    int8 = done.stdout.splitlines()[2]
    assert int8.startswith("int8: MinMax")
    assert " of 2  of none " in int8
    assert store.open("m").check_artifact("cpu", "int8")[0].precision == "int8"


def test_an_interruption_leaves_nothing(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    before, real, seen = store.open(DIGITS).manifest, RecipePicture.of, list[bytes]()

    def interrupted(self: RecipePicture, image: bytes) -> object:
        seen.append(image)
        if len(seen) > 5:
            raise KeyboardInterrupt
        return real(self, image)

    monkeypatch.setattr(RecipePicture, "of", interrupted)
    assert call(store, DIGITS, store.root / DIGITS / "evaluation/mixed/images").exit_code != 0
    assert sorted(path.name for path in store.root.iterdir()) == [".lock", DIGITS]
    assert store.open(DIGITS).manifest == before


@pytest.mark.parametrize(
    "kind", ["png", pytest.param("heic", marks=pytest.mark.skipif(find_spec("pillow_heif") is None, reason="the extra heif"))]
)
def test_a_picture_is_prepared_as_the_server_prepares_it(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Of a PNG that EXIF turns on an OpenCV that does not turn it, and of a HEIC, the decoder gets a BMP."""
    (tmp_path / "pictures").mkdir()
    if kind == "png":
        (tmp_path / "pictures/1.png").write_bytes(png(6))
    else:
        heif_file(tmp_path / "pictures/1.heic")
    seen = list[bytes]()

    def stop(_picture: RecipePicture, image: bytes) -> None:
        seen.append(image)
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.cpu.exif_turns.turns_pictures", lambda: False)
    monkeypatch.setattr(RecipePicture, "of", stop)
    assert call(store, DIGITS, tmp_path / "pictures").exit_code != 0
    [image] = seen
    assert image[:2] == b"BM"
    pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels.shape == UPRIGHT.shape
    assert kind == "heic" or np.array_equal(pixels, UPRIGHT)


def heif_file(path: Path) -> None:
    import pillow_heif

    pillow_heif.from_bytes("RGB", (UPRIGHT.shape[1], UPRIGHT.shape[0]), UPRIGHT.tobytes()).save(path)


def test_the_interval_says_if_its_pictures_chose_the_best() -> None:
    compared = Compared(Agreement(99, 100), Agreement(49, 50), 1_000_000, 1.0)
    trial = Trial(Variant(), (), Path("trial-0.onnx"), compared)
    artifact = Artifact(file="m.onnx", sha256="0" * 64, soc="cpu", precision="f32")
    said = "%. The same pictures chose the best, so this is slightly optimistic."
    assert said not in _table(Found(artifact, compared, (trial,)))
    assert _table(Found(artifact, compared, (trial, trial))).endswith(said)
