"""ATC's command line, held against checked-in ones, and what is refused before ATC is started."""

from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.atc.atc_source import ImageInput
from convert.atc.command import AtcCommand, atc_command, check_soc
from convert.atc.provenance import shell_line
from convert.conversion_errors import AtcFailed
from tests.convert.atc.atc_made import AIPP, plain_network
from tests.convert.atc.standin_atc import om_file

GOLDEN = Path(__file__).parent / "golden"
HOME = Path("/models/resnext101")


@pytest.mark.parametrize("soc", ["Ascend310", "Ascend310P3"])
@pytest.mark.parametrize(("kind", "batch_sizes"), [("air", (1,)), ("air", (8,)), ("onnx", (1,)), ("onnx", (8,)), ("onnx", (1, 2, 4, 8))])
def test_the_command_is_the_one_checked_in(soc: str, kind: str, batch_sizes: tuple[int, ...]) -> None:
    image = ImageInput("image", 224, 224) if kind == "onnx" else None
    command = AtcCommand(HOME / f"resnext101.{kind}", HOME / "aipp.config", HOME / "resnext101.om", soc, batch_sizes, image)
    golden = GOLDEN / f"{kind}_{soc}_{'_'.join(map(str, batch_sizes))}.txt"
    assert shell_line(command.arguments()) == golden.read_text().strip()


def test_there_is_no_golden_command_too_many() -> None:
    assert len(list(GOLDEN.iterdir())) == 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files that the seed's user has: an AIR and an AIPP config; and an ONNX."""
    (tmp_path / "m.air").write_bytes(b"\x0a\x04main")
    (tmp_path / "m.onnx").write_bytes(plain_network().SerializeToString())
    (tmp_path / "aipp.config").write_text(AIPP)
    return tmp_path


@pytest.mark.parametrize("name", ["m", "m.om"])
def test_the_om_is_named_with_or_without_its_suffix(folder: Path, name: str) -> None:
    command = atc_command(folder / "m.air", folder / "aipp.config", folder / name)
    assert command.om == folder / "m.om"
    assert f"--output={folder}/m" in command.arguments()


def test_a_name_with_dots_loses_only_the_suffix(folder: Path) -> None:
    command = atc_command(folder / "m.air", folder / "aipp.config", folder / "m.v1.Ascend310")
    assert command.om == folder / "m.v1.Ascend310.om"
    assert f"--output={folder}/m.v1.Ascend310" in command.arguments()


def test_relative_paths_become_absolute(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    command = atc_command(Path("m.onnx"), Path("aipp.config"), Path("m"))
    assert (command.source, command.om) == (folder / "m.onnx", folder / "m.om")
    assert "--input_shape=image:1,3,32,32" in command.arguments()


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ((), "not in rising order"),
        ((2, 1), "not in rising order"),
        ((1, 1), "not in rising order"),
        ((0, 1), "A batch size of 0 is outside 1 to 2048"),
        ((2049,), "A batch size of 2049"),
        (tuple(range(1, 102)), "2 to 100 gears, not 101"),
    ],
)
def test_impossible_batch_sizes_are_refused(folder: Path, sizes: tuple[int, ...], told: str) -> None:
    with pytest.raises(AtcFailed, match=told):
        atc_command(folder / "m.onnx", folder / "aipp.config", folder / "m", batch_sizes=sizes)


@given(st.lists(st.integers(1, 20), min_size=2, max_size=100))
def test_what_is_accepted_is_in_the_command_as_it_was_asked(steps: list[int]) -> None:
    gears = tuple(accumulate(steps))
    arguments = AtcCommand(HOME / "m.onnx", HOME / "a", HOME / "m.om", "Ascend310", gears, ImageInput("x", 5, 7)).arguments()
    assert f"--dynamic_batch_size={','.join(map(str, gears))}" in arguments
    assert "--input_shape=x:-1,3,7,5" in arguments


def test_an_air_takes_no_gears(folder: Path) -> None:
    with pytest.raises(AtcFailed, match=r"cannot have gears \(1,2,4,8\)"):
        atc_command(folder / "m.air", folder / "aipp.config", folder / "m", batch_sizes=(1, 2, 4, 8))


def test_a_fixed_batch_is_that_of_the_network(folder: Path) -> None:
    (folder / "m.onnx").write_bytes(plain_network(batch=4).SerializeToString())
    assert (
        "--input_shape=image:4,3,32,32"
        in atc_command(folder / "m.onnx", folder / "aipp.config", folder / "m", batch_sizes=(4,)).arguments()
    )
    with pytest.raises(AtcFailed, match="fixed to 4, but 1,2 was requested"):
        atc_command(folder / "m.onnx", folder / "aipp.config", folder / "m", batch_sizes=(1, 2))


@pytest.mark.parametrize(
    ("soc", "told"),
    [
        ("ascend310", "Did you mean Ascend310?"),
        ("Ascend310P", "Did you mean Ascend310P?3?"),
        ("Ascend31O", "Did you mean"),
        ("", "Unknown chip"),
    ],
)
def test_a_mistyped_chip_is_refused(folder: Path, soc: str, told: str) -> None:
    with pytest.raises(AtcFailed, match=told):
        atc_command(folder / "m.air", folder / "aipp.config", folder / "m", soc)


def test_other_chips_are_passed_on_with_a_warning() -> None:
    assert check_soc("Ascend310") == check_soc("Ascend310P3") == ""
    assert "is passed on" in check_soc("Ascend310B4")


@pytest.mark.parametrize(
    ("aipp", "content", "told"),
    [
        ("aipp.om", AIPP.encode(), "swapped"),
        ("a.config", om_file(b"\xff"), "is an OM"),
        ("a.config", b"\xff\xfe", "is not a text"),
        ("a.config", b"", "no aipp_op"),
        ("a.config", AIPP.encode() + b"\0", "no aipp_op"),
        ("a.config", AIPP.encode() + b"#" * 70_000, "64 KiB"),
    ],
)
def test_what_is_no_aipp_config_is_refused(folder: Path, aipp: str, content: bytes, told: str) -> None:
    (folder / aipp).write_bytes(content)
    with pytest.raises(AtcFailed, match=told):
        atc_command(folder / "m.air", folder / aipp, folder / "m")
    assert (folder / aipp).read_bytes() == content


def test_an_aipp_config_that_is_not_there(folder: Path) -> None:
    with pytest.raises(AtcFailed, match=r"none\.config cannot be read: No such file"):
        atc_command(folder / "m.air", folder / "none.config", folder / "m")


@pytest.mark.parametrize(
    ("om", "told"),
    [("aipp.config", "also the name of an input"), ("none/m.om", "does not exist"), ("photo.om", "is not an OM, so it is not overwritten")],
)
def test_nothing_else_is_overwritten(folder: Path, om: str, told: str) -> None:
    (folder / "photo.om").write_bytes(b"photo")
    with pytest.raises(AtcFailed, match=told):
        atc_command(folder / "m.air", folder / "aipp.config", folder / om)


def test_a_former_om_may_be_overwritten(folder: Path) -> None:
    (folder / "m.om").write_bytes(om_file(b"x"))
    atc_command(folder / "m.air", folder / "aipp.config", folder / "m")


@pytest.mark.parametrize("name", ["a b", "a,b", "a;b", "a=b", "é"])
def test_paths_that_atc_cannot_take_are_refused(folder: Path, name: str) -> None:
    with pytest.raises(AtcFailed, match="ATC does not accept"):
        atc_command(folder / "m.air", folder / "aipp.config", folder / name)
    assert atc_command(folder / "m.air", folder / "aipp.config", folder / "模型").om.name == "模型.om"
