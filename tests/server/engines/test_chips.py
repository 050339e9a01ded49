"""Chips: the nodes, the driver's table (as users of 300I Duo and Atlas 300 printed it), and the OM that is chosen."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.manifest import Artifact, ModelManifest
from models.model_errors import ModelNotPrepared
from models.store import zoo_manifest
from server.engines import chips
from server.engines.chips import Chip, ask_npu_smi, chip_soc, find_chips, read_npu_smi
from server.errors import EngineUnavailable
from tests.server.engines.npu_smi_made import HEAD, npu_smi, table


def model(*socs: str) -> ModelManifest:
    """A model with artifacts for these."""
    artifacts = tuple(Artifact(file=f"{soc}.bin", sha256="0" * 64, soc=soc) for soc in socs)
    return zoo_manifest("resnext101_32x4d").model_copy(update={"artifacts": artifacts})


def test_nodes_are_found_by_number(tmp_path: Path) -> None:
    assert find_chips(tmp_path / "none") == ()
    for name in ("davinci10", "davinci2", "davinci0", "davinci_manager", "davinci0.bak", "davinci"):
        (tmp_path / name).touch()
    assert find_chips(tmp_path) == (0, 2, 10)


def test_the_table_is_read() -> None:
    assert read_npu_smi(table(("310", "OK"), ("310", "Alarm"))) == (Chip("310", "OK", 0), Chip("310", "Alarm", 1, place=1))
    duo = """\
| 2       310P3                 | OK              | NA           45                0     / 0             |
| 1       1                     | 0000:01:00.0    | 0            1529 / 44280                            |
"""
    assert read_npu_smi(HEAD + duo) == (Chip("310P3", "OK", 1, card=2, place=1),)
    without_device = """\
| 0     910B                | OK            | 68.2        37                0    / 0             |
| 0                         | 0000:C1:00.0  | 0           0    / 0          3276 / 32768         |
"""
    assert read_npu_smi(without_device) == (Chip("910B", "OK"),)


@given(st.text(alphabet="| 0123OK\n:.NA-Pxé\0", max_size=400) | st.text())
def test_any_text_is_read(text: str) -> None:
    assert all(chip.name and chip.health for chip in read_npu_smi(text))


@given(st.lists(st.tuples(st.sampled_from(["310", "310P3", "310B1", "310Pvir02", "Ascend910"]), st.sampled_from(["OK", "UNKNOWN"]))))
def test_every_chip_of_a_table_is_read(rows: list[tuple[str, str]]) -> None:
    assert read_npu_smi(table(*rows)) == tuple(Chip(name, health, number, 0, number) for number, (name, health) in enumerate(rows))


@pytest.mark.parametrize(
    ("name", "soc", "takes", "not_this"),
    [
        ("310", "Ascend310", "Ascend310", "Ascend310P3"),
        ("310P3", "Ascend310P3", "Ascend310P3", "Ascend310P1"),
        ("310Pvir02", "Ascend310P", "Ascend310P3", "Ascend310"),
        ("Ascend910", "Ascend910", "Ascend910", "Ascend910B"),
    ],
)
def test_an_om_is_for_its_chip(name: str, soc: str, takes: str, not_this: str) -> None:
    chip = Chip(name, "OK")
    assert chip.soc == soc
    assert chip.takes(takes)
    assert not chip.takes(not_this)


def test_the_only_om_is_taken_without_asking(tmp_path: Path) -> None:
    assert chip_soc(model("cpu", "Ascend310P3"), tmp_path / "no-npu-smi") == "Ascend310P3"


def test_among_several_the_chip_decides(tmp_path: Path) -> None:
    both = model("cpu", "Ascend310", "Ascend310P3")
    assert chip_soc(both, npu_smi(tmp_path, table(("310", "OK"), ("310", "OK")))) == "Ascend310"
    assert chip_soc(both, npu_smi(tmp_path, table(("310P3", "OK")))) == "Ascend310P3"
    assert chip_soc(both, npu_smi(tmp_path, table(("310Pvir02", "OK")))) == "Ascend310P3"
    assert chip_soc(both, npu_smi(tmp_path, table(("310B1", "OK")))) == "Ascend310B1"  # which the store then says it has not
    assert chip_soc(model("cpu"), npu_smi(tmp_path, table(("310", "OK")))) == "Ascend310"


def test_several_and_no_word_of_the_chip_is_refused(tmp_path: Path) -> None:
    both = model("Ascend310", "Ascend310P3")
    with pytest.raises(EngineUnavailable, match=r"OMs for Ascend310 and Ascend310P3.*cannot be run: No such file.*keep only"):
        chip_soc(both, tmp_path / "none")
    with pytest.raises(EngineUnavailable, match="shows no chip"):
        chip_soc(both, npu_smi(tmp_path, "dcmi module initialize failed. ret is -8005\n", status=1))
    with pytest.raises(EngineUnavailable, match="of different types: Ascend310 and Ascend310P3"):
        chip_soc(both, npu_smi(tmp_path, table(("310", "OK"), ("310P3", "OK"))))


def test_a_model_without_an_om_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ModelNotPrepared, match="convert atc resnext101_32x4d --soc Ascend310"):
        chip_soc(model("cpu"), tmp_path / "none")


def test_a_program_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chips, "NPU_SMI_S", 0.2)
    program = tmp_path / "npu-smi"
    program.write_text("#!/bin/sh\nexec sleep 30\n", "utf-8")
    program.chmod(0o755)
    with pytest.raises(EngineUnavailable, match=r"did not answer within 0 s\..*dmesg"):
        ask_npu_smi(program)
