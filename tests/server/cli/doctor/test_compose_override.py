"""The override for Docker Compose; tests/deploy/test_compose.py has Docker Compose read it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from server.cli.doctor.compose_override import compose_override
from server.cli.doctor.machine import Machine
from server.errors import EngineUnavailable
from tests.server.cli.command import run

Host = Callable[..., Machine]
DRIVERS = ("davinci_manager", "devmm_svm", "hisi_hdc")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    def make(*nodes: str) -> Machine:
        (tmp_path / "dev").mkdir()
        for node in nodes:
            (tmp_path / "dev" / node).touch()
        return Machine({}, tmp_path)

    return make


def test_two_chips_take_the_place_of_four(host: Host) -> None:
    text = compose_override(host("davinci0", "davinci1", *DRIVERS, "dvpp_cmdlist"))
    assert text.splitlines() == [
        "# Written by `ascend-classify doctor --compose`: 2 chips. Docker Compose adds it by itself.",
        "services:",
        "  classify:",
        f'    group_add: ["{os.getegid()}"]',
        "    devices: !override # wants Docker Compose 2.24.4 or newer",
        *(f"      - /dev/{node}" for node in ("davinci0", "davinci1", *DRIVERS, "dvpp_cmdlist")),
    ]


def test_to_four_chips_only_the_group_is_added(host: Host) -> None:
    assert "devices" not in compose_override(host(*(f"davinci{chip}" for chip in range(4)), *DRIVERS))


def test_more_chips_are_added(host: Host) -> None:
    text = compose_override(host(*(f"davinci{chip}" for chip in range(6)), *DRIVERS))
    assert text.endswith("    devices:\n      - /dev/davinci4\n      - /dev/davinci5\n")


def test_a_host_without_chips_is_told_what_to_do(host: Host) -> None:
    with pytest.raises(EngineUnavailable, match=r"There is no chip in .*/dev .*--compose --root /host"):
        compose_override(host(*DRIVERS))


def test_a_missing_node_of_the_driver_is_named(host: Host) -> None:
    with pytest.raises(EngineUnavailable, match="/dev/hisi_hdc is missing"):
        compose_override(host("davinci0", *DRIVERS[:2]))


def test_the_command_prints_or_writes_it(host: Host, tmp_path: Path) -> None:
    text = compose_override(host("davinci0", *DRIVERS))
    assert run("doctor", "--compose", "--root", tmp_path).stdout == text
    assert run("doctor", "--compose", "--root", tmp_path, "-o", tmp_path / "override.yml").stdout == ""
    assert (tmp_path / "override.yml").read_text() == text
