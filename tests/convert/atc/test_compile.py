"""From a network to a verified OM, with a stand-in for ATC as a process of its own."""

import json
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from convert.atc.command import AtcCommand, atc_command
from convert.atc.compile import CompiledOm, compiled
from convert.atc.installation import AtcInstallation
from convert.atc.om import read_om_header
from convert.conversion_errors import AtcFailed, ConvertError, OmInvalid
from models.store import sha256_of
from tests.convert.atc.atc_made import AIPP, StandIn, install, plain_network
from tests.convert.atc.standin_atc import VERSION, om_file

Compile = Callable[[], CompiledOm]


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    made = install(tmp_path / "bin/atc", tmp_path / "record")
    monkeypatch.setenv("STANDIN_ATC_RECORD", str(made.record))
    return made


@pytest.fixture
def command(tmp_path: Path) -> AtcCommand:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "m.onnx").write_bytes(plain_network().SerializeToString())
    (folder / "aipp.config").write_text(AIPP)
    return atc_command(folder / "m.onnx", folder / "aipp.config", folder / "m", "Ascend310P3", (1, 8))


@pytest.fixture
def convert(standin: StandIn, command: AtcCommand) -> Compile:
    def run() -> CompiledOm:
        with compiled(command, AtcInstallation(standin.program), lambda _: None) as om:
            om.place()
        return om

    return run


def test_an_om_is_made_verified_and_placed(convert: Compile, standin: StandIn, command: AtcCommand) -> None:
    made = convert()
    assert made.warnings == ()
    assert read_om_header(command.om).name == "resnext"
    assert stat.S_IMODE(command.om.stat().st_mode) == 0o640
    assert sorted(path.name for path in command.om.parent.iterdir()) == ["aipp.config", "m.om", "m.om.json", "m.om.log", "m.onnx"]

    compiling, describing = (call["arguments"] for call in standin.calls)
    [output] = [argument for argument in compiling if argument.startswith("--output=")]
    assert re.fullmatch(rf"--output={re.escape(str(command.om.parent))}/\.atc-\w+/out/m", output)
    assert [argument for argument in compiling if argument != output] == [
        argument for argument in command.arguments() if not argument.startswith("--output=")
    ]
    assert describing[0] == "--mode=1"
    assert command.om.with_name("m.om.log").read_text().count("ATC run success") == 2


def test_its_provenance_is_told(convert: Compile, command: AtcCommand) -> None:
    artifact = convert().artifact("x.om")
    told = json.loads(command.om.with_name("m.om.json").read_text())
    assert told["om_sha256"] == sha256_of(command.om) == artifact.sha256
    assert told["source_sha256"] == sha256_of(command.source)
    assert told["aipp_sha256"] == sha256_of(command.aipp)
    assert (told["soc"], told["batch_sizes"], told["atc_version"]) == ("Ascend310P3", [1, 8], f"ATC {VERSION}")
    assert f"--output={command.om.with_suffix('')} " in told["command"]
    assert (artifact.soc, artifact.batch_sizes, artifact.compiler) == ("Ascend310P3", (1, 8), f"ATC {VERSION}")


@pytest.mark.parametrize(
    ("mode", "error", "told"),
    [
        ("fail", AtcFailed, "E19010: No parser is registered for Op"),
        ("fail_new", AtcFailed, r"EC0010: Failed to import Python module .* Check that all required components"),
        ("fail_logged", AtcFailed, r"\[ERROR\] GE\(21177,atc\.bin\)"),
        ("loader", AtcFailed, "libascend_hal"),
        ("nothing", AtcFailed, "wrote 0 OMs"),
        ("garbage", OmInvalid, "is not an OM"),
        ("truncated", OmInvalid, "cut off"),
        ("no_aipp", OmInvalid, "has no AIPP"),
        ("other_soc", OmInvalid, "for Ascend910A, not for Ascend310P3"),
        ("fp16", OmInvalid, "DT_FLOAT16"),
    ],
)
def test_a_failure_keeps_the_former_om_and_the_log(
    convert: Compile, command: AtcCommand, monkeypatch: pytest.MonkeyPatch, mode: str, error: type[ConvertError], told: str
) -> None:
    command.om.write_bytes(om_file(b"former"))
    monkeypatch.setenv("STANDIN_ATC", mode)
    with pytest.raises(error, match=told) as refusal:
        convert()
    log = command.om.with_name("m.om.log")
    assert str(log) in refusal.value.remedy
    assert log.read_text()
    assert command.om.read_bytes() == om_file(b"former")
    assert sorted(path.name for path in command.om.parent.iterdir()) == ["aipp.config", "m.om", "m.om.log", "m.onnx"]

    monkeypatch.delenv("STANDIN_ATC")
    convert()
    assert command.om.read_bytes() != om_file(b"former")


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("unknown_json", "lacks: chip, AIPP, output type, ATC version"),
        ("no_description", "not verified: ATC failed. E10003"),
    ],
)
def test_what_atc_cannot_describe_is_only_warned_of(
    convert: Compile, command: AtcCommand, monkeypatch: pytest.MonkeyPatch, mode: str, told: str
) -> None:
    monkeypatch.setenv("STANDIN_ATC", mode)
    made = convert()
    assert told in made.warnings[0]
    assert made.artifact("m.om").compiler == "ATC"
    assert command.om.exists()


def test_a_folder_that_cannot_be_written_to(convert: Compile, command: AtcCommand) -> None:
    command.om.with_name("m.om.log").mkdir()
    with pytest.raises(AtcFailed, match="writable and has free space"):
        convert()
    assert not command.om.exists()
