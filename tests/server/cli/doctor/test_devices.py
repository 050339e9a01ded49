"""The chips' nodes and health, each possible fault, and its remedy."""

from pathlib import Path

import pytest

from server.cli.doctor.devices import check_devices
from server.cli.doctor.machine import Machine
from server.settings import Settings
from tests.server.cli.doctor.atlas import Atlas


def without_chips(root: Path, environment: dict[str, str], **settings: object) -> tuple[str, str, str]:
    from server.cli.doctor.case import open_case

    case = open_case(Machine(environment, root), Settings(port=0, **settings))  # type: ignore[arg-type]
    (finding,) = check_devices(case)
    return finding.status, finding.what, finding.remedy


def test_healthy_chips(atlas: Atlas) -> None:
    assert atlas.found(check_devices) == []
    assert [what for what, _ in atlas.found(check_devices, "ok")] == [
        "4 chips: /dev/davinci0, /dev/davinci1, /dev/davinci2, /dev/davinci3",
        "7 nodes, of HwHiAiUser (gid 1001), can be opened by classify (uid 9000)",
        "no process that this user can see holds a chip",
        "npu-smi: 4 Ascend310, health OK",
    ]


def test_no_chip_is_told_plainly(tmp_path: Path) -> None:
    assert without_chips(tmp_path, {}) == ("note", "no Ascend device: the CPU runtime serves", "")
    assert without_chips(tmp_path, {}, runtime="cpu")[1] == "no Ascend device: the CPU runtime serves, as RUNTIME=cpu says"
    assert without_chips(tmp_path, {"ASCEND_VISIBLE_DEVICES": "void"})[0] == "note"


def test_chips_that_were_asked_for_and_are_not_there(tmp_path: Path) -> None:
    status, what, remedy = without_chips(tmp_path, {}, runtime="ascend")
    assert (status, what) == ("problem", "RUNTIME=ascend, but there is no Ascend device (/dev/davinci0)")
    assert remedy == "Load the driver and see what it says: npu-smi info, or serve on the CPU: RUNTIME=cpu"
    status, what, remedy = without_chips(tmp_path, {"ASCEND_VISIBLE_DEVICES": "0-3", "ASCEND_DOCKER_RUNTIME": "True"})
    assert (status, what[:38]) == ("problem", "ASCEND_VISIBLE_DEVICES=0-3 asks for ch")
    assert "docker run --device /dev/davinci0 --device /dev/davinci_manager --device /dev/devmm_svm --device /dev/hisi_hdc" in remedy
    (tmp_path / "usr/local/Ascend/driver").mkdir(parents=True)
    (tmp_path / "usr/local/Ascend/driver/version.info").write_text("Version=21.0.2\n")
    status, what, _ = without_chips(tmp_path, {})
    assert (status, what) == ("problem", "the Ascend driver is here, but no device (/dev/davinci0): the CPU runtime serves")


def test_chips_that_are_left_alone(atlas: Atlas) -> None:
    assert atlas.found(check_devices, "note", runtime="cpu") == [("RUNTIME=cpu: the chips are left alone", "Serve with them: RUNTIME=auto")]


@pytest.mark.parametrize("node", ["davinci_manager", "devmm_svm", "hisi_hdc"])
def test_a_missing_node(atlas: Atlas, node: str) -> None:
    atlas.path(f"/dev/{node}").unlink()
    assert atlas.found(check_devices) == [(f"/dev/{node} is missing", "The driver makes it: sudo reboot, then npu-smi info")]
    atlas.container()
    assert atlas.found(check_devices) == [(f"/dev/{node} is missing", f"docker run --device /dev/{node} …")]


def test_a_folder_where_a_node_should_be(atlas: Atlas) -> None:
    """As Docker makes it for a volume of a path that the host has not."""
    atlas.path("/dev/hisi_hdc").unlink()
    atlas.path("/dev/hisi_hdc").mkdir()
    assert atlas.found(check_devices) == [("/dev/hisi_hdc is not a device", "sudo rm -r /dev/hisi_hdc && sudo reboot")]
    atlas.container()
    remedy = "Remove it and map the host's: docker run --device /dev/hisi_hdc …"
    assert atlas.found(check_devices) == [("/dev/hisi_hdc is not a device", remedy)]


def test_a_user_who_is_not_in_the_group(atlas: Atlas) -> None:
    atlas.gids = {9000}
    problems = atlas.found(check_devices)
    assert len(problems) == 7
    what, remedy = problems[0]
    assert what == "/dev/davinci0 (0660, root:HwHiAiUser) cannot be opened by classify (uid 9000)"
    assert remedy == "Join the group, then log in again: sudo usermod -aG HwHiAiUser classify"


def test_a_group_without_a_name(atlas: Atlas) -> None:
    atlas.node("davinci1", gid=1234)
    ((what, remedy),) = atlas.found(check_devices)
    assert what == "/dev/davinci1 (0660, root:1234) cannot be opened by classify (uid 9000)"
    assert remedy.endswith("sudo groupadd -g 1234 npu && sudo usermod -aG npu classify")


def test_a_container_wants_the_hosts_gid(atlas: Atlas) -> None:
    atlas.container()
    atlas.node("davinci0", gid=1002)
    ((_, remedy),) = atlas.found(check_devices)
    assert remedy == (
        "Join the host's group (HwHiAiUser in this image is 1001; the host's gid counts): "
        "docker run --group-add 1002 …, or ASCEND_GID=1002 docker compose up"
    )


def test_a_node_that_its_group_may_not_open(atlas: Atlas) -> None:
    atlas.node("davinci3", mode=0o600)
    ((_, remedy),) = atlas.found(check_devices)
    assert remedy == "sudo chown root:HwHiAiUser /dev/davinci3 && sudo chmod 660 /dev/davinci3"


def test_a_newer_drivers_node_counts_where_it_is(atlas: Atlas) -> None:
    atlas.node("dvpp_cmdlist", mode=0o600)
    ((what, _),) = atlas.found(check_devices)
    assert what.startswith("/dev/dvpp_cmdlist (0600")


def test_who_holds_a_chip(atlas: Atlas) -> None:
    atlas.process(77, "sleep 1", "/dev/null")
    atlas.process(4242, "python3 train.py", "/dev/davinci2", "/dev/davinci0", "/dev/davinci2")
    told = ("/dev/davinci0, /dev/davinci2 held by process 4242: python3 train.py", "If that is not this service: kill 4242")
    assert atlas.found(check_devices, "note") == [told]


def test_a_sick_chip(atlas: Atlas) -> None:
    atlas.chips(("310", "OK"), ("310", "Warning"), ("310", "Alarm"), ("310", "UNKNOWN"))
    assert atlas.found(check_devices) == [
        ("the health of chip 2 of card 0 is Alarm", "npu-smi info -t health -i 0 -c 2; dmesg"),
        ("the health of chip 3 of card 0 is UNKNOWN", "npu-smi info -t health -i 0 -c 3; dmesg"),
    ]
    assert atlas.found(check_devices, "note") == [("the health of chip 1 of card 0 is Warning", "npu-smi info -t health -i 0 -c 1; dmesg")]


def test_a_lost_chip(atlas: Atlas) -> None:
    atlas.chips(("310", "OK"), ("310", "OK"), ("310", "OK"))
    assert atlas.found(check_devices) == [("npu-smi shows 3 chips, /dev has 4", "Look for the lost one, then reboot: dmesg")]


def test_without_npu_smi_the_health_is_not_known(atlas: Atlas) -> None:
    atlas.path("/usr/local/bin/npu-smi").unlink()
    ((what, remedy),) = atlas.found(check_devices, "note")
    assert what.endswith("/usr/local/bin/npu-smi cannot be run: No such file or directory")
    assert remedy == "sudo npu-smi info"
    atlas.container()
    assert "-v /usr/local/bin/npu-smi:/usr/local/bin/npu-smi:ro" in atlas.found(check_devices, "note")[0][1]


def test_devices_that_are_not_there(atlas: Atlas) -> None:
    case = atlas.case()
    settings = Settings(devices="0,3,4,x", port=0)
    (finding,) = [each for each in check_devices(type(case)(case.machine, settings, case.nodes, case.runtime, case.chips)) if each.remedy]
    assert finding.what == "DEVICES=0,3,4,x: there is no device 4, x"
    assert finding.remedy == "export DEVICES=0,1,2,3, or export DEVICES=auto"
