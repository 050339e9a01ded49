"""The chips: their device nodes, access rights, processes that hold them, and the table of npu-smi (ascend.md 5.1 to 5.4)."""

import os
import stat
from collections.abc import Iterator

from server.cli.doctor.case import Case
from server.cli.doctor.finding import Finding, listed, note, ok, problem
from server.cli.doctor.npu_driver import VERSION

GROUP = "HwHiAiUser"
SHARED_NODES = ("/dev/davinci_manager", "/dev/devmm_svm", "/dev/hisi_hdc")
NEWER_NODE = "/dev/dvpp_cmdlist"  # only with newer drivers


def check_devices(case: Case) -> Iterator[Finding]:
    """Check whether the chips are accessible."""
    if not case.nodes:
        yield _without_chips(case)
        return
    nodes = [f"/dev/davinci{number}" for number in case.nodes]
    yield ok(f"{len(nodes)} chip{'s' if len(nodes) > 1 else ''}: {listed(nodes, 8)}")
    if case.settings.runtime == "cpu":
        yield note("RUNTIME=cpu: the chips are left alone", "Serve with them: RUNTIME=auto")
        return
    yield from _chosen(case)
    shared = [*SHARED_NODES, *([NEWER_NODE] if case.machine.exists(NEWER_NODE) else [])]
    yield from _nodes(case, [*nodes, *shared])
    yield from _holders(case, nodes)
    yield from _health(case)


def _without_chips(case: Case) -> Finding:
    machine, settings = case.machine, case.settings
    map_it = "docker run --device /dev/davinci0 --device /dev/davinci_manager --device /dev/devmm_svm --device /dev/hisi_hdc …"
    remedy = f"Map the nodes into the container: {map_it}" if machine.in_container else "Load the driver and see what it says: npu-smi info"
    if settings.runtime == "ascend":
        return problem("RUNTIME=ascend, but there is no Ascend device (/dev/davinci0)", f"{remedy}, or serve on the CPU: RUNTIME=cpu")
    if settings.runtime == "cpu":
        return note("no Ascend device: the CPU runtime serves, as RUNTIME=cpu says")
    if asked := machine.variable("ASCEND_VISIBLE_DEVICES").replace("void", ""):
        what = f"ASCEND_VISIBLE_DEVICES={asked} asks for chips, but there is no /dev/davinci0: the CPU runtime serves"
        return problem(what, f"{remedy}, or serve on the CPU: RUNTIME=cpu")
    if machine.is_file(VERSION):
        what = "the Ascend driver is here, but no device (/dev/davinci0): the CPU runtime serves"
        return problem(what, f"{remedy}, or serve on the CPU: RUNTIME=cpu")
    return note("no Ascend device: the CPU runtime serves")


def _chosen(case: Case) -> Iterator[Finding]:
    """DEVICES are the driver's numbers, from 0 on, for any names of the nodes in a container."""
    numbers = [] if case.devices == "auto" else [number.strip() for number in case.devices.split(",")]
    if wrong := [number for number in numbers if not number.isdecimal() or int(number) >= len(case.nodes)]:
        there = ",".join(map(str, range(len(case.nodes))))
        yield problem(f"DEVICES={case.devices}: there is no device {listed(wrong)}", f"export DEVICES={there}, or export DEVICES=auto")


def _nodes(case: Case, nodes: list[str]) -> Iterator[Finding]:
    machine, fine = case.machine, True
    for node in nodes:
        path = machine.path(node)
        if not machine.exists(node):
            fine = False
            load = "The driver makes it: sudo reboot, then npu-smi info"
            yield problem(f"{node} is missing", f"docker run --device {node} …" if machine.in_container else load)
        elif not stat.S_ISCHR(path.stat().st_mode):
            fine = False
            again = "Remove it and map the host's: docker run --device"
            yield problem(f"{node} is not a device", f"{again} {node} …" if machine.in_container else f"sudo rm -r {node} && sudo reboot")
        elif not machine.may(node, os.R_OK | os.W_OK):
            fine = False
            yield _closed(case, node)
    if fine:
        groups = sorted({path.stat().st_gid for path in map(machine.path, nodes)})
        names = listed(f"{machine.group(gid)} (gid {gid})" for gid in groups)
        yield ok(f"{len(nodes)} nodes, of {names}, can be opened by {_who(case)}")


def _who(case: Case) -> str:
    name = case.machine.user(case.machine.uid)
    return f"uid {name}" if name.isdecimal() else f"{name} (uid {case.machine.uid})"


def _closed(case: Case, node: str) -> Finding:
    machine, about = case.machine, case.machine.path(node).stat()
    gid, mode = about.st_gid, stat.S_IMODE(about.st_mode)
    what = f"{node} ({mode:04o}, {machine.user(about.st_uid)}:{machine.group(gid)}) cannot be opened by {_who(case)}"
    if gid in machine.gids or mode & 0o060 != 0o060:
        where = "On the host: " if machine.in_container else ""
        return problem(what, f"{where}sudo chown root:{GROUP} {node} && sudo chmod 660 {node}")
    known = machine.group_id(GROUP)
    if machine.in_container:
        differs = f" ({GROUP} in this image is {known}; the host's gid counts)" if known not in (None, gid) else ""
        return problem(what, f"Join the host's group{differs}: docker run --group-add {gid} …, or ASCEND_GID={gid} docker compose up")
    name = machine.group(gid)
    make_it, name = (f"sudo groupadd -g {gid} npu && ", "npu") if name.isdecimal() else ("", name)
    return problem(what, f"Join the group, then log in again: {make_it}sudo usermod -aG {name} {machine.user(machine.uid)}")


def _holders(case: Case, nodes: list[str]) -> Iterator[Finding]:
    held = list(case.machine.holders(set(nodes)))
    for pid in sorted({pid for _, pid, _ in held}):
        mine = [link for link, holder, _ in held if holder == pid]
        command = next(command for _, holder, command in held if holder == pid)
        yield note(f"{listed(mine)} held by process {pid}: {command[:80]}", f"If that is not this service: kill {pid}")
    if not held:
        unseen = "" if case.machine.uid == 0 else " that this user can see"
        yield ok(f"no process{unseen} holds a chip")


def _health(case: Case) -> Iterator[Finding]:
    if case.unknown:
        mount = "docker run -v /usr/local/bin/npu-smi:/usr/local/bin/npu-smi:ro -v /usr/local/dcmi:/usr/local/dcmi:ro …"
        yield note(case.unknown.rstrip("."), f"To see the chips' health: {mount}" if case.machine.in_container else "sudo npu-smi info")
        return
    kinds = sorted({chip.soc for chip in case.chips})
    for chip in case.chips:
        if chip.health != "OK":
            where = f"-i {chip.card} -c {chip.place}"
            found = note if chip.health == "Warning" else problem
            yield found(f"the health of chip {chip.place} of card {chip.card} is {chip.health}", f"npu-smi info -t health {where}; dmesg")
    if len(case.chips) < len(case.nodes):
        yield problem(f"npu-smi shows {len(case.chips)} chips, /dev has {len(case.nodes)}", "Look for the lost one, then reboot: dmesg")
    elif all(chip.health == "OK" for chip in case.chips):
        yield ok(f"npu-smi: {len(case.chips)} {listed(kinds)}, health OK")
