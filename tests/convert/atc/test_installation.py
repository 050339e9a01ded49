"""Where ATC is looked for, and what is set for it."""

from pathlib import Path

import pytest

from convert.atc.installation import AtcInstallation, find_atc
from convert.conversion_errors import AtcMissing


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convert.atc.installation.ROOTS", (tmp_path,))


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_one_on_the_path_is_taken_as_it_is(tmp_path: Path) -> None:
    atc = program(tmp_path / "bin/atc")
    assert find_atc(None, {"PATH": f"/none:{atc.parent}", "LD_LIBRARY_PATH": "/lib"}) == AtcInstallation(atc)


@pytest.mark.parametrize("home", ["ascend-toolkit/latest", "cann", "latest", "."])
@pytest.mark.parametrize("place", ["bin/atc", "compiler/bin/atc", "atc/bin/atc"])
def test_old_and_new_layouts_are_known(tmp_path: Path, home: str, place: str) -> None:
    atc = program(tmp_path / home / place)
    assert find_atc(None, {}).program == atc


def test_the_environments_homes_come_first(tmp_path: Path) -> None:
    program(tmp_path / "ascend-toolkit/latest/bin/atc")
    atc = program(tmp_path / "own/compiler/bin/atc")
    assert find_atc(None, {"ASCEND_TOOLKIT_HOME": str(tmp_path / "own")}).program == atc
    assert find_atc(None, {"ASCEND_HOME_PATH": str(tmp_path / "own"), "ASCEND_TOOLKIT_HOME": ""}).program == atc


def test_the_layout_of_2021_gets_its_variables(tmp_path: Path) -> None:
    home = tmp_path / "ascend-toolkit/latest"
    atc = program(home / "atc/bin/atc")
    for folder in ("atc/lib64", "atc/ccec_compiler/bin", "atc/python/site-packages", "opp"):
        (home / folder).mkdir(parents=True)
    (tmp_path / "driver/lib64").mkdir(parents=True)
    found = find_atc(None, {"PATH": "/usr/bin", "LD_LIBRARY_PATH": "/own", "PYTHONPATH": ""})
    assert found.environment == {
        "ASCEND_OPP_PATH": f"{home}/opp",
        "ASCEND_AICPU_PATH": f"{home}",
        "ASCEND_HOME_PATH": f"{home}",
        "PATH": f"{home}/atc/bin:{home}/atc/ccec_compiler/bin:/usr/bin",
        "LD_LIBRARY_PATH": f"{home}/atc/lib64:{tmp_path}/driver/lib64:/own",
        "PYTHONPATH": f"{home}/atc/python/site-packages",
    }
    command = found.command(("--mode=1",))
    assert (command[0], command[-2:]) == ("env", [str(atc), "--mode=1"])
    assert "SLOG_PRINT_TO_STDOUT=1" in command


def test_a_named_one_is_taken(tmp_path: Path) -> None:
    atc = program(tmp_path / "somewhere/atc")
    assert find_atc(atc, {"PATH": "/usr/bin"}) == AtcInstallation(atc)


def test_without_one_the_user_is_told_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(AtcMissing, match=r"set_env\.sh") as refusal:
        find_atc(None, {"PATH": "/none", "ASCEND_HOME_PATH": "/opt/cann"})
    for place in ("/opt/cann", f"{tmp_path}/ascend-toolkit/latest", f"{tmp_path}/cann", "atc/bin/atc"):
        assert place in str(refusal.value)
    with pytest.raises(AtcMissing, match=r"The program .* does not exist"):
        find_atc(tmp_path / "atc", {})
