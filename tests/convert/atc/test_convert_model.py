"""ATC's inputs from a manifest, its output into one."""

import stat
from dataclasses import replace
from pathlib import Path

import onnx
import pytest

from convert.aipp import aipp_of, read_aipp, render_aipp
from convert.atc.atc_source import ImageInput, read_source
from convert.atc.compile import compiled
from convert.atc.convert_model import check_belongs, enter, missing_inputs, model_command, write_inputs
from convert.atc.installation import AtcInstallation
from convert.conversion_errors import AippInvalid, AtcFailed
from models.store import ModelStore, StoredModel
from tests.convert.atc.atc_made import AIPP, install, plain_network, stored_model


@pytest.fixture
def model(tmp_path: Path) -> StoredModel:
    return stored_model(tmp_path / "store")


def test_everything_comes_from_the_manifest(model: StoredModel) -> None:
    command = model_command(model, "Ascend310", (1, 2))
    assert command.om == model.folder / "means.Ascend310.om"
    assert command.image == ImageInput("image", 32, 32)
    assert missing_inputs(command) == [model.folder / "means.plain.onnx", model.folder / "aipp.config"]

    write_inputs(model, command)
    assert missing_inputs(command) == []
    assert read_source(command.source) == command.image
    onnx.checker.check_model(onnx.load(command.source))
    assert "crop_size_w : 32" in command.aipp.read_text()
    assert read_aipp(command.aipp).rbuv_swap_switch
    assert {stat.S_IMODE(path.stat().st_mode) for path in (command.source, command.aipp)} == {0o640}


def test_a_source_and_a_config_of_ones_own_are_left_alone(model: StoredModel, tmp_path: Path) -> None:
    own = tmp_path / "own.config"
    rendered = model_command(model, "Ascend310", (1,))
    write_inputs(model, rendered)
    own.write_text(rendered.aipp.read_text())
    (tmp_path / "m.onnx").write_bytes(plain_network().SerializeToString())
    for path in (rendered.source, rendered.aipp):
        path.unlink()

    command = model_command(model, "Ascend310", (1,), source=tmp_path / "m.onnx", aipp=own)
    write_inputs(model, command)
    assert (command.source, command.aipp) == (tmp_path / "m.onnx", own)
    assert missing_inputs(rendered) == [rendered.source, rendered.aipp]


def test_what_is_not_the_model_is_refused(model: StoredModel, tmp_path: Path) -> None:
    own = tmp_path / "own.config"
    own.write_text(AIPP)
    with pytest.raises(AippInvalid):
        model_command(model, "Ascend310", (1,), aipp=own)
    (tmp_path / "m.onnx").write_bytes(plain_network(side=64).SerializeToString())
    with pytest.raises(AtcFailed, match="takes 64x64, but the recipe of 'means' gives 32x32"):
        model_command(model, "Ascend310", (1,), source=tmp_path / "m.onnx")
    (tmp_path / "m.air").write_bytes(b"air")
    with pytest.raises(AtcFailed, match="cannot have gears"):
        model_command(model, "Ascend310", (1, 2), source=tmp_path / "m.air")
    with pytest.raises(AippInvalid):
        check_belongs(model_command(model, "Ascend310", (1,), source=tmp_path / "m.air"), model.manifest)


def test_pixels_that_no_engine_gives_are_refused(model: StoredModel, tmp_path: Path) -> None:
    own = tmp_path / "own.config"
    own.write_text(render_aipp(aipp_of(model.manifest, "yuv420sp"), model.manifest))
    told = "input_format is YUV420SP_U8, and the engines here decode pictures to RGB888_U8 only.*convert aipp means -o aipp.config"
    with pytest.raises(AippInvalid, match=told):
        model_command(model, "Ascend310", (1,), aipp=own)
    command = replace(model_command(model, "Ascend310", (1,)), aipp=own)
    with pytest.raises(AippInvalid, match=told):
        check_belongs(command, model.manifest)


def test_an_om_is_entered_beside_the_others(model: StoredModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    standin = install(tmp_path / "bin/atc", tmp_path / "record")
    monkeypatch.setenv("STANDIN_ATC_RECORD", str(standin.record))
    for soc in ("Ascend310", "Ascend310P3", "Ascend310"):
        command = model_command(model, soc, (1, 4))
        write_inputs(model, command)
        with compiled(command, AtcInstallation(standin.program), lambda _: None) as om:
            enter(om, model)
    entered = ModelStore(model.folder.parent).open("means")
    assert [artifact.soc for artifact in entered.manifest.artifacts] == ["cpu", "Ascend310P3", "Ascend310"]
    artifact, path = entered.check_artifact("Ascend310")
    assert (path.name, artifact.batch_sizes) == ("means.Ascend310.om", (1, 4))
    assert artifact.compiler.startswith("ATC ")
    assert "--dynamic_batch_size=1,4" in artifact.command
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
