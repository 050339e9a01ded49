"""`convert cpu`, by its command line."""

import shlex
from pathlib import Path

import onnx
import pytest
from typer.testing import CliRunner

from convert.conversion_errors import ConvertError
from convert.import_checkpoint import Wishes, import_checkpoint
from models.model_errors import StoreRefused
from models.store import ModelStore
from server.cli.command_line import app
from server.settings import SettingInvalid
from tests.convert.checkpoint_made import trained_weights, write_torch_legacy


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    checkpoint = write_torch_legacy(tmp_path / "weights.pth", trained_weights("resnext_1_4x4d", 3))
    store = ModelStore(tmp_path / "store")
    import_checkpoint(checkpoint, store, Wishes(name="m", side_px=64), progress=lambda _message: None)
    return store


def call(store: ModelStore, *arguments: str | Path) -> int:
    done = CliRunner().invoke(app, ["convert", "cpu", "m", "--model-store", str(store.root), *map(str, arguments)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code


def input_of(path: Path) -> tuple[int, list[int | str]]:
    (image,) = onnx.load(path).graph.input
    return image.type.tensor_type.elem_type, [side.dim_param or side.dim_value for side in image.type.tensor_type.shape.dim]


def test_other_batch_sizes(store: ModelStore) -> None:
    assert call(store, "--batch-sizes", "1,2,4,8") == 0
    artifact, path = store.open("m").check_artifact("cpu")
    assert artifact.batch_sizes == (1, 2, 4, 8)
    assert input_of(path) == (onnx.TensorProto.UINT8, ["N", 64, 64, 3])


def test_into_a_file(store: ModelStore, tmp_path: Path) -> None:
    before = store.open("m").manifest
    assert call(store, "--batch-sizes", "4", "-o", tmp_path / "four.onnx") == 0
    assert call(store, "--plain", "-o", tmp_path / "plain.onnx") == 0
    assert input_of(tmp_path / "four.onnx") == (onnx.TensorProto.UINT8, [4, 64, 64, 3])
    assert input_of(tmp_path / "plain.onnx") == (onnx.TensorProto.FLOAT, ["N", 3, 64, 64])
    assert store.open("m").manifest == before


def test_what_cannot_be(store: ModelStore, tmp_path: Path) -> None:
    assert call(store, "--plain") == 2
    assert call(store, "--batch-sizes", "one") == 2
    with pytest.raises(ConvertError, match="positive and in rising order"):
        call(store, "--batch-sizes", "2,1")
    with pytest.raises(StoreRefused, match="No such file"):
        call(store, "-o", tmp_path / "missing" / "m.onnx")


def test_the_former_name_names_the_new_one(store: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    arguments = ["m", "--plain", "-o", str(tmp_path / "a folder" / "plain.onnx"), "--model-store", str(store.root)]
    refused = CliRunner().invoke(app, ["convert", "host", *arguments]).exception
    assert isinstance(refused, SettingInvalid)
    assert refused.message == "The command convert host is now called convert cpu."
    program, *printed = shlex.split(refused.remedy.removeprefix("Run: "))
    assert (program, printed) == ("ascend-classify", ["convert", "cpu", *arguments])
    assert CliRunner().invoke(app, printed).exit_code == 0
    assert input_of(tmp_path / "a folder" / "plain.onnx") == (onnx.TensorProto.FLOAT, ["N", 3, 64, 64])
    assert isinstance(CliRunner().invoke(app, ["convert", "host", "--help"]).exception, SettingInvalid)
    assert " host " not in CliRunner().invoke(app, ["convert", "--help"]).stdout
