import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.training.rank_table import file_name, main, parse_range, parse_visible, rank_table, read_hccn_conf
from models.training.training_errors import ConfigInvalid, DeviceUnavailable

CONF = "address_0=192.168.100.101\nnetmask_0=255.255.255.0\n address_1 = 192.168.101.101 \naddress_2=nonsense\n# address_3=10.0.0.1\n"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("[0,8)", range(8)), ("[0, 4)", range(4)), ("[4,8)", range(4, 8)), ("[5,6)", range(5, 6)), ("[1,3)", range(1, 3))],
)
def test_ranges(text: str, numbers: range) -> None:
    assert parse_range(text) == numbers


@pytest.mark.parametrize("text", ["", "0,8", "[0,8]", "[4,4)", "[5,4)", "[0,9)", "[-1,4)", "[0,99)", "[²,3)"])
def test_ranges_that_cannot_be(text: str) -> None:
    with pytest.raises(ConfigInvalid, match="--device_num is"):
        parse_range(text)


@pytest.mark.parametrize("text", ["[3,6)", "[0,5)", "[1,8)"])
def test_ranges_across_the_groups(text: str) -> None:
    with pytest.raises(ConfigInvalid, match="crosses the groups"):
        parse_range(text)


@given(st.text(max_size=10))
def test_any_range(text: str) -> None:
    try:
        numbers = parse_range(text)
    except ConfigInvalid:
        return
    assert 0 <= numbers.start < numbers.stop <= 8


def test_visible_devices() -> None:
    assert parse_visible("4, 5,6") == ["4", "5", "6"]
    for text in ("", "4,", "4,4", "a", "-1"):
        with pytest.raises(ConfigInvalid, match="--visible_devices is"):
            parse_visible(text)


def test_the_file_of_addresses(tmp_path: Path) -> None:
    (tmp_path / "hccn.conf").write_text(CONF)
    assert read_hccn_conf(tmp_path / "hccn.conf") == {"0": "192.168.100.101", "1": "192.168.101.101"}
    with pytest.raises(DeviceUnavailable, match=r"hccn_tool is not installed, and .*nowhere cannot be read"):
        read_hccn_conf(tmp_path / "nowhere")


def test_the_table() -> None:
    table = rank_table(range(1, 3), ["4", "5", "6"], "10.0.0.9", {"5": "192.168.1.5", "6": "192.168.1.6"})
    assert table == {
        "version": "1.0",
        "server_count": "1",
        "server_list": [
            {
                "server_id": "10.0.0.9",
                "device": [
                    {"device_id": "5", "device_ip": "192.168.1.5", "rank_id": "0"},
                    {"device_id": "6", "device_ip": "192.168.1.6", "rank_id": "1"},
                ],
                "host_nic_ip": "reserve",
            }
        ],
        "status": "completed",
    }
    assert file_name(range(1, 3), "10.0.0.9") == "hccl_2p_12_10.0.0.9.json"


def test_tables_that_cannot_be() -> None:
    with pytest.raises(ConfigInvalid, match="--device_num includes device 3, but only 2 are visible"):
        rank_table(range(4), ["0", "1"], "10.0.0.9", {})
    with pytest.raises(DeviceUnavailable, match=r"Device 1 has no address\. Set one: hccn_tool"):
        rank_table(range(2), ["0", "1"], "10.0.0.9", {"0": "10.0.0.1"})


@pytest.mark.parametrize("by_tool", [True, False])
def test_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], by_tool: bool) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hccn.conf").write_text(CONF)
    if by_tool:
        (tmp_path / "hccn_tool").write_text('#!/bin/sh\necho "ipaddr:10.1.1.$2"\necho "netmask:255.255.255.0"\n')
        (tmp_path / "hccn_tool").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert main(["--device_num", "[0,2)", "--server_ip", "10.0.0.9", "--hccn_conf", "hccn.conf"]) == 0
    path = tmp_path / "hccl_2p_01_10.0.0.9.json"
    assert capsys.readouterr().out == f"{path}\n"
    addresses = [device["device_ip"] for device in json.loads(path.read_text())["server_list"][0]["device"]]
    assert addresses == (["10.1.1.0", "10.1.1.1"] if by_tool else ["192.168.100.101", "192.168.101.101"])


@pytest.mark.parametrize(
    "arguments", [["--device_num", "[0,9)"], ["--server_ip", "x/../y"], ["--server_ip", "10.0.0.1", "--hccn_conf", "no"]]
)
def test_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
