"""Owner and mode of the SDK's files: the SDK refuses files of another user and files with too many rights (ascend.md 2.11)."""

import stat
from collections.abc import Iterator
from pathlib import Path

from server.cli.doctor.case import Case
from server.cli.doctor.finding import Finding, listed, note, ok, problem
from server.cli.doctor.machine import Machine
from server.cli.doctor.npu_driver import read_version
from server.cli.doctor.sdk import PLUGIN_FOLDERS, SCANNER, sdk_home

MOST_LIBRARY, MOST_SCANNER = 0o640, 0o550
LIBRARIES = ("lib/libmxbase.so", "lib/modelpostprocessors/libresnet50postprocess.so")
MAX_SHOWN = 3


def check_sdk_files(case: Case) -> Iterator[Finding]:
    """Check whether the user may load the plugins, the scanner and the libraries."""
    machine, home = case.machine, sdk_home(case.machine)
    if not home or not machine.is_dir(home):
        return
    for library in LIBRARIES:
        if not machine.is_file(f"{home}/{library}"):
            yield problem(f"{home}/{library} is missing", f"Install the SDK again as {machine.user(machine.uid)}.")
    files = {f"{home}/{library}": MOST_LIBRARY for library in LIBRARIES} | {f"{home}/{SCANNER}": MOST_SCANNER}
    for folder in machine.folders("GST_PLUGIN_PATH") or [f"{home}/{folder}" for folder in PLUGIN_FOLDERS]:
        if machine.is_dir(folder):
            files |= {f"{folder}/{file.name}": MOST_LIBRARY for file in sorted(machine.path(folder).iterdir())}
    files = {file: most for file, most in files.items() if machine.is_file(file)}
    wrong = [*_owners(machine, home, files), *_modes(machine, files)]
    if read_version(machine, f"{home}/version.info").startswith("2."):
        wrong = [note(f"{finding.what}; SDK 2.0.x takes that, newer ones do not", finding.remedy) for finding in wrong]
    yield from wrong
    if not wrong:
        yield ok(f"{len(files)} plugins and libraries belong to {machine.user(machine.uid)} and are closed to other users")


def too_open(mode: int, most: int) -> bool:
    """Whether a mode is too open, by the SDK's comparison: digit by digit, as numbers (0550 is more than 0640)."""
    return any((mode >> shift) & 7 > (most >> shift) & 7 for shift in (6, 3, 0))


def _owners(machine: Machine, home: str, files: dict[str, int]) -> Iterator[Finding]:
    owners = {file: machine.path(file).stat().st_uid for file in files}
    wrong = [file for file, uid in owners.items() if uid != machine.uid]
    if not wrong:
        return
    owner, me = owners[wrong[0]], machine.uid
    names = listed((Path(file).name for file in wrong), MAX_SHOWN)
    what = f"{len(wrong)} of {len(files)} files of the SDK belong to {machine.user(owner)} (uid {owner}), not to uid {me}: {names}"
    if machine.in_container:
        yield problem(what, f"Run as their owner: docker run --user {owner} …, or build with RUN_UID={owner}")
    else:
        as_owner = f", or run as their owner: sudo -u {machine.user(owner)} ascend-classify serve" if owner else ""
        yield problem(what, f"sudo chown -R {me} {home}{as_owner}")


def _modes(machine: Machine, files: dict[str, int]) -> Iterator[Finding]:
    for most, right in ((MOST_LIBRARY, 0o440), (MOST_SCANNER, 0o550)):
        modes = {file: stat.S_IMODE(machine.path(file).stat().st_mode) for file, allowed in files.items() if allowed == most}
        wrong = [file for file, mode in modes.items() if too_open(mode, most)]
        if wrong:
            shown = listed((f"{Path(file).name} ({modes[file]:04o})" for file in wrong), MAX_SHOWN)
            yield problem(f"the SDK refuses modes above {most:04o}: {shown}", _chmod(wrong, right))


def _chmod(files: list[str], mode: int) -> str:
    if len(files) == 1:
        return f"chmod {mode:o} {files[0]}"
    folders = " ".join(sorted({str(Path(file).parent) for file in files}))
    return f"find {folders} -maxdepth 1 -type f -exec chmod {mode:o} {{}} +"
