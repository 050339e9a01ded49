"""$HOME, where the SDK and CANN write their logs and GStreamer its registry of plugins (ascend.md 5.4, 6, 8)."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from server.cli.doctor.case import Case
from server.cli.doctor.finding import Finding, listed, note, ok, problem
from server.cli.doctor.machine import Machine
from server.cli.doctor.sdk import PLUGIN_FOLDERS, sdk_home

LOG_FOLDERS = ("log/mindxsdk", "ascend/log")


def check_home(case: Case) -> Iterator[Finding]:
    """Check whether the SDK can write to its folders."""
    machine = case.machine
    home = str(Path(machine.variable("HOME"))) if machine.variable("HOME") else ""
    if not home:
        yield note("HOME is not set; the SDK takes that", "To find its logs: export HOME=/home/…")
        return
    if not machine.is_dir(home):
        yield problem(f"HOME is {home}, which does not exist: the SDK does not start", _make(machine, home))
        return
    owner = machine.path(home).stat().st_uid
    if owner != machine.uid:
        what = f"HOME ({home}) belongs to {machine.user(owner)}, not to uid {machine.uid}: the SDK does not start"
        yield problem(what, f"{_make(machine, home)}, or name one's own: export HOME=/…")
        return
    closed = [f"{home}/{folder}" for folder in LOG_FOLDERS if not machine.may_make(f"{home}/{folder}")]
    if closed:
        mount = " ".join(f"--tmpfs {folder}:uid={machine.uid},mode=0750" for folder in closed)
        by_hand = f"mkdir -p {' '.join(closed)} && chmod u+rwx {' '.join(closed)}"
        yield problem(f"cannot write to {listed(closed)}", f"docker run {mount} …" if machine.in_container else by_hand)
    else:
        yield ok(f"logs go to {listed(f'{home}/{folder}' for folder in LOG_FOLDERS)}")
    yield from _registry(machine, home)


def _make(machine: Machine, home: str) -> str:
    return f"sudo install -d -o {machine.uid} -m 750 {shlex.quote(home)}"


def _registry(machine: Machine, home: str) -> Iterator[Finding]:
    """GStreamer's cache of plugins. The first start writes it after a scan of all plugins; an update of the SDK makes it wrong."""
    named = machine.variable("GST_REGISTRY") or machine.variable("GST_REGISTRY_1_0")
    folder = Path(machine.variable("XDG_CACHE_HOME") or f"{home}/.cache", "gstreamer-1.0")
    files = [Path(named)] if named else [folder / file.name for file in sorted(machine.path(folder).glob("registry.*.bin"))]
    there = [file for file in files if machine.is_file(file)]
    for file in there:
        if machine.path(file).stat().st_uid != machine.uid or not machine.may(file, os.R_OK | os.W_OK):
            owner = machine.user(machine.path(file).stat().st_uid)
            yield problem(f"GStreamer's registry {file} is {owner}'s, and cannot be written anew", f"sudo rm {file}")
        elif machine.path(file).stat().st_mtime < _newest_plugin(machine):
            yield problem(f"GStreamer's registry {file} is older than the SDK's plugins", f"rm {file}")
        else:
            yield ok(f"GStreamer's registry {file} is newer than the plugins")
    place = Path(named).parent if named else folder
    if not there and machine.may_make(place):
        yield ok(f"GStreamer's registry will be made in {place} at the first start")
    elif not there:
        mend = (
            f"docker run --tmpfs {place}:uid={machine.uid},mode=0750 …"
            if machine.in_container
            else f"export GST_REGISTRY={home}/registry.bin"
        )
        yield problem(f"GStreamer cannot make its registry in {place}: every start looks at all plugins again", mend)


def _newest_plugin(machine: Machine) -> float:
    """The time when the newest plugin was installed: the change time of the file, because installers keep the build time."""
    folders = machine.folders("GST_PLUGIN_PATH") or [f"{sdk_home(machine)}/{folder}" for folder in PLUGIN_FOLDERS]
    plugins = (file for folder in folders for file in machine.path(folder).glob("*.so"))
    return max((file.stat().st_ctime for file in plugins), default=0.0)
