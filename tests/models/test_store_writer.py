import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from models.manifest import Artifact, Golden, ModelManifest, Recipe
from models.model_errors import StoreRefused
from models.store import ModelStore, StoredModel
from models.store_writer import (
    add_artifact,
    check_nothing_lost,
    place_model,
    same_model,
    set_calibration,
    set_golden,
    stored,
)
from tests.level_model import level_png, store_level_model
from tests.made_model import quantisation_of
from tests.server.calibration.calibration_made import made_calibration

RECIPE = Recipe(resize_width_px=32, resize_height_px=32, mean=(0, 0, 0), std=(1, 1, 1))


def artifact_of(content: bytes, file: str, soc: str) -> Artifact:
    return Artifact(file=file, sha256=sha256(content).hexdigest(), soc=soc)


def place(store: ModelStore, version: str = "1", *, content: bytes = b"onnx", force: bool = False) -> StoredModel:
    """A model whose files are what the test says."""
    manifest = ModelManifest(
        name="m", version=version, architecture="a", classes=2, labels="l.names", labels_sha256=sha256(b"x\ny\n").hexdigest(), recipe=RECIPE
    )

    def fill(folder: Path) -> Artifact:
        (folder / "l.names").write_bytes(b"x\ny\n")
        (folder / "m.onnx").write_bytes(content)
        return artifact_of(content, "m.onnx", "cpu")

    return place_model(store, manifest, fill, force=force)


def add(model: StoredModel, tmp_path: Path, content: bytes = b"IMOD", file: str = "m.om", soc: str = "Ascend310") -> StoredModel:
    (tmp_path / "made").write_bytes(content)
    return add_artifact(model, tmp_path / "made", artifact_of(content, file, soc))


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "store")


def files(store: ModelStore) -> list[str]:
    return sorted(str(path.relative_to(store.root)) for path in store.root.rglob("*") if path.is_file())


def test_a_model_is_placed(store: ModelStore) -> None:
    model = place(store)
    assert model.intact_artifact("cpu")[1].read_bytes() == b"onnx"
    assert files(store) == [".lock", "m/l.names", "m/m.onnx", "m/manifest.toml"]
    assert stat.S_IMODE(model.folder.stat().st_mode) == 0o750
    assert stat.S_IMODE((model.folder / "manifest.toml").stat().st_mode) == 0o640


def test_an_artifact_is_added_and_replaced(store: ModelStore, tmp_path: Path) -> None:
    model = add(place(store), tmp_path)
    assert model.intact_artifact("Ascend310")[1].read_bytes() == b"IMOD"
    model = add(model, tmp_path, b"IMOD 2", "other.om")
    assert store.open("m") == model
    assert [artifact.soc for artifact in model.manifest.artifacts] == ["cpu", "Ascend310"]
    assert files(store) == [".lock", "m/l.names", "m/m.onnx", "m/manifest.toml", "m/other.om"]
    assert stat.S_IMODE((model.folder / "other.om").stat().st_mode) == 0o640
    assert not (tmp_path / "made").exists()


def test_no_entry_is_lost_to_another(store: ModelStore, tmp_path: Path) -> None:
    model = place(store)

    def convert(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        add(model, folder, b"IMOD", f"{number}.om", f"Chip{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(convert, range(24)))
    manifest = store.open("m").manifest
    assert {artifact.soc for artifact in manifest.artifacts} == {"cpu", *(f"Chip{number}" for number in range(24))}


@pytest.mark.parametrize("file", ["m.onnx", "l.names", "manifest.toml"])
def test_no_other_file_is_overwritten(store: ModelStore, tmp_path: Path, file: str) -> None:
    with pytest.raises(StoreRefused, match="is another file of the model"):
        add(place(store), tmp_path, file=file)
    assert place(store).intact_artifact("cpu")[1].read_bytes() == b"onnx"


def test_what_was_converted_must_be_what_is_there(store: ModelStore, tmp_path: Path) -> None:
    model = place(store)
    (tmp_path / "made").write_bytes(b"damaged")
    with pytest.raises(StoreRefused, match="its sha256 is not"):
        add_artifact(model, tmp_path / "made", artifact_of(b"IMOD", "m.om", "Ascend310"))
    place(store, "2")
    with pytest.raises(StoreRefused, match="was replaced by another model"):
        add(model, tmp_path)


def add_int8(model: StoredModel, tmp_path: Path, content: bytes) -> StoredModel:
    (tmp_path / "made").write_bytes(content)
    entry, made_of = artifact_of(content, "m.int8.onnx", "cpu"), quantisation_of(model.manifest.artifacts[0])
    return add_artifact(model, tmp_path / "made", entry.model_copy(update={"precision": "int8", "quantisation": made_of}))


def test_an_int8_artifact_stands_beside_the_float32_one(store: ModelStore, tmp_path: Path) -> None:
    first = add_int8(place(store), tmp_path, b"int8")
    model = add_int8(first, tmp_path, b"int8 again")
    assert [each.target for each in model.manifest.artifacts] == ["cpu", "cpu int8"]
    assert model.intact_artifact("cpu", "int8")[1].read_bytes() == b"int8 again"
    assert model.intact_artifact("cpu", "bf16")[1].read_bytes() == b"onnx"
    assert place(store, content=b"onnx 2").intact_artifact("cpu", "int8")[1].read_bytes() == b"int8 again"
    with pytest.raises(StoreRefused, match=r"holds m.int8.onnx \(cpu int8\), made from other weights.*--force"):
        place(store, "2")
    assert [each.target for each in place(store, "2", force=True).manifest.artifacts] == ["cpu"]


def test_other_chips_artifacts_are_kept(store: ModelStore, tmp_path: Path) -> None:
    add(place(store), tmp_path)
    model = place(store, content=b"onnx 2", force=True)
    assert model.intact_artifact("cpu")[1].read_bytes() == b"onnx 2"
    assert model.intact_artifact("Ascend310")[1].read_bytes() == b"IMOD"


def test_what_would_be_lost_is_told(store: ModelStore, tmp_path: Path) -> None:
    before = add(place(store), tmp_path)
    with pytest.raises(StoreRefused, match=r"m holds m.om \(Ascend310\), made from other weights.*--force"):
        place(store, "2")
    with pytest.raises(StoreRefused, match=r"m.om \(Ascend310\)"):
        check_nothing_lost(store, before.manifest.model_copy(update={"version": "2"}))
    assert store.open("m") == before
    assert files(store) == [".lock", "m/l.names", "m/m.om", "m/m.onnx", "m/manifest.toml"]
    assert [artifact.soc for artifact in place(store, "2", force=True).manifest.artifacts] == ["cpu"]


def test_the_chinese_names_are_kept_with_their_labels(store: ModelStore) -> None:
    (place(store).folder / "l.zh.names").write_text("甲\n乙\n", "utf-8")
    assert [(place(store, version).folder / "l.zh.names").exists() for version in ("1", "2")] == [True, False]  # 2: other weights


def test_a_damaged_artifact_is_not_kept(store: ModelStore, tmp_path: Path) -> None:
    (add(place(store), tmp_path).folder / "m.om").write_bytes(b"damaged")
    assert [artifact.soc for artifact in place(store).manifest.artifacts] == ["cpu"]


def test_the_same_model(store: ModelStore) -> None:
    manifest = place(store).manifest
    assert same_model(manifest, manifest.model_copy(update={"artifacts": (), "description": "told otherwise"}))
    assert not same_model(manifest, manifest.model_copy(update={"recipe": RECIPE.model_copy(update={"colour_order": "BGR"})}))
    assert stored(store, "m") is not None
    assert stored(store, "other") is None


def test_a_failure_leaves_the_former_model(store: ModelStore) -> None:
    before = place(store)

    def fail(folder: Path) -> Artifact:
        (folder / "half").write_bytes(b"...")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        place_model(store, before.manifest, fail)
    assert files(store) == [".lock", "m/l.names", "m/m.onnx", "m/manifest.toml"]


HANGING = """
import sys, time
from pathlib import Path
from models.store_writer import place_model
from models.store import ModelStore
store = ModelStore(Path(sys.argv[1]))
def fill(folder):
    (folder / "half").write_bytes(b"...")
    print("half", flush=True)
    time.sleep(60)
place_model(store, store.open("m").manifest, fill)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_killed_process_leaves_nothing_for_long(store: ModelStore, number: signal.Signals) -> None:
    before = place(store)
    with subprocess.Popen([sys.executable, "-c", HANGING, str(store.root)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        assert process.stdout.readline() == b"half\n"
        assert len(list(store.root.glob(".prepare-*"))) == 1
        assert place(store) == before  # and does not disturb the one that is at work
        assert len(list(store.root.glob(".prepare-*"))) == 1
        os.kill(process.pid, number)
    assert store.names() == ["m"]
    assert place(store) == before
    assert files(store) == [".lock", "m/l.names", "m/m.onnx", "m/manifest.toml"]


def test_a_model_that_was_being_moved_comes_back(store: ModelStore) -> None:
    before = place(store)
    aside = store.root / ".prepare-dead" / "former"
    aside.mkdir(parents=True)
    before.folder.rename(aside / "m")
    assert store.names() == []
    manifest = before.manifest.model_copy(update={"name": "other"})
    with pytest.raises(StoreRefused, match="No such file"):
        place_model(store, manifest, lambda folder: artifact_of((folder / "missing").read_bytes(), "m.onnx", "cpu"))
    assert store.open("m") == before
    assert not list(store.root.glob(".prepare-*"))


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file where the store should be")
    with pytest.raises(StoreRefused, match=r"store: .*File exists.*is writable"):
        place(ModelStore(tmp_path / "store"))


@pytest.fixture
def former(store: ModelStore, tmp_path: Path) -> StoredModel:
    """A model for both devices and with a golden image, as it is now; on disk its manifest has the words of before."""
    model = add(place(store), tmp_path)
    (model.folder / "golden.png").write_bytes(b"png")
    golden = Golden(file="golden.png", sha256=sha256(b"png").hexdigest(), class_id=1, score=0.5)
    manifest = model.manifest.model_copy(update={"golden": golden})
    manifest.write(model.folder / "manifest.toml")
    text = (model.folder / "manifest.toml").read_text()
    (model.folder / "manifest.toml").write_text(text.replace('soc = "cpu"', 'soc = "host"'))
    return StoredModel(manifest, model.folder)


def test_a_model_of_an_earlier_version_is_read_and_its_manifest_left_as_it_is(store: ModelStore, former: StoredModel) -> None:
    before = (former.folder / "manifest.toml").read_bytes()
    assert store.open("m") == former
    assert [store.open("m").intact_artifact(soc)[1].read_bytes() for soc in ("cpu", "Ascend310")] == [b"onnx", b"IMOD"]
    assert (former.folder / "manifest.toml").read_bytes() == before


def test_the_golden_image_and_the_calibration_are_kept_with_their_model(store: ModelStore) -> None:
    model = place(store)
    golden = Golden(file="golden.png", sha256=sha256(b"png").hexdigest(), class_id=1, score=0.5)
    former = set_calibration(set_golden(model, b"png", golden), made_calibration(model)).manifest
    again = place(store, content=b"onnx 2")
    assert (again.manifest.golden, again.manifest.calibration) == (golden, former.calibration)
    assert again.checked("golden.png", golden.sha256).read_bytes() == b"png"
    (again.folder / "golden.png").write_bytes(b"damaged")
    assert (place(store).manifest.golden, (again.folder / "golden.png").exists()) == (None, False)
    other = place(store, "2").manifest
    assert (other.golden, other.calibration) == (None, None)


def test_a_second_golden_image_takes_the_place_of_the_first(tmp_path: Path) -> None:
    model = store_level_model(tmp_path)
    set_golden(model, level_png(4), Golden(file="golden.png", sha256="0" * 64, class_id=1, score=1))
    set_golden(model, b"jpeg", Golden(file="golden.jpg", sha256="1" * 64, class_id=2, score=1))
    stored = ModelStore(tmp_path).open("level")
    assert stored.manifest.golden == Golden(file="golden.jpg", sha256="1" * 64, class_id=2, score=1)
    assert sorted(path.name for path in stored.folder.glob("golden*")) == ["golden.jpg"]
    assert stored.manifest.artifacts == model.manifest.artifacts


def test_a_calibration_is_kept_with_the_model_that_it_was_made_for(tmp_path: Path) -> None:
    model = store_level_model(tmp_path)
    first = set_calibration(model, made_calibration(model))
    second = set_calibration(first, made_calibration(model, temperature=0.7))
    assert ModelStore(tmp_path).open("level").manifest == second.manifest
    assert second.manifest == model.manifest.model_copy(update={"calibration": made_calibration(model, temperature=0.7)})
    with pytest.raises(StoreRefused, match=r"was changed while the calibration was made\. Calibrate again"):
        set_calibration(model, made_calibration(model))
    assert set_calibration(second, None).manifest == model.manifest == ModelStore(tmp_path).open("level").manifest
