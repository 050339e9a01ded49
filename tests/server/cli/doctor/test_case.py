"""A case holds the facts of a machine, and says which runtime serves there."""

from pathlib import Path
from typing import Any

import pytest

from server.cli.doctor.case import npu_smi, open_case, vendor_module
from server.cli.doctor.machine import Machine
from server.settings import Settings
from tests.server.cli.doctor.atlas import SDK, Atlas
from tests.server.engines.npu_smi_made import npu_smi as make_npu_smi
from tests.server.engines.npu_smi_made import table


def test_an_atlas(atlas: Atlas) -> None:
    case = atlas.case()
    assert (case.nodes, case.runtime, case.ascend) == ((0, 1, 2, 3), "ascend", True)
    assert {chip.soc for chip in case.chips} == {"Ascend310"}


@pytest.mark.parametrize(
    ("runtime", "chips", "sdk", "serves"),
    [
        ("auto", True, True, "ascend"),
        ("auto", True, False, "cpu"),
        ("auto", False, True, "cpu"),
        ("ascend", False, False, "ascend"),
        ("cpu", True, True, "cpu"),
    ],
)
def test_what_serves(tmp_path: Path, runtime: Any, chips: bool, sdk: bool, serves: str) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "python").mkdir()
    if chips:
        (tmp_path / "dev/davinci0").touch()
    if sdk:
        (tmp_path / "python/StreamManagerApi.py").touch()
    case = open_case(Machine({"PYTHONPATH": "/python"}, tmp_path), Settings(runtime=runtime))
    assert case.runtime == serves
    assert case.ascend is (chips or runtime == "ascend")
    assert bool(case.unknown) is chips  # npu-smi is not there


def test_npu_smi_is_the_one_on_the_path(atlas: Atlas) -> None:
    machine = atlas.case().machine
    assert npu_smi(machine) == atlas.path("/usr/local/bin/npu-smi")
    atlas.path("/usr/bin").mkdir()
    first = make_npu_smi(atlas.path("/usr/bin"), table(("310P3", "OK")))
    atlas.environment["PATH"] = "/usr/bin:/usr/local/bin"
    assert npu_smi(machine) == first
    atlas.environment["PATH"] = ""
    assert npu_smi(machine) == atlas.path("/usr/local/bin/npu-smi")


def test_the_vendors_module(atlas: Atlas) -> None:
    machine = atlas.case().machine
    assert vendor_module(machine) == Path(f"{SDK}/python/StreamManagerApi.py")
    atlas.environment["PYTHONPATH"] = f"/elsewhere:{SDK}/lib"
    assert vendor_module(machine) is None
