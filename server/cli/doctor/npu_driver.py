"""The driver's version and libraries (ascend.md 5.2)."""

import re
from collections.abc import Iterator

from server.cli.doctor.case import Case
from server.cli.doctor.finding import Finding, listed, note, ok, problem
from server.cli.doctor.machine import Machine

DRIVER = "/usr/local/Ascend/driver"
VERSION = f"{DRIVER}/version.info"
LIBRARY = "libascend_hal.so"  # CANN opens chips with this library
LIBRARY_FOLDERS = tuple(f"{DRIVER}/{below}" for below in ("lib64/driver", "lib64/common", "lib64"))
MOUNT = f"docker run -v {DRIVER}:{DRIVER}:ro …"
_VERSION = re.compile(r"^\s*(?:mx\w+ )?version\s*[:=]\s*(\S+)", re.IGNORECASE | re.MULTILINE)  # the SDK: "mxVision version:7.3.0"


def check_driver(case: Case) -> Iterator[Finding]:
    """Check whether the driver's files exist and the loader finds its libraries."""
    machine = case.machine
    if version := read_version(machine, VERSION):
        yield ok(f"driver {version}")
    else:
        yield note(f"no version in {VERSION}", f"To see it in the container: docker run -v {VERSION}:{VERSION}:ro …")
    found = [folder for folder in LIBRARY_FOLDERS if machine.exists(f"{folder}/{LIBRARY}")]
    if not found:
        install = "Install the driver of your card (a .run file of Huawei's), then see: npu-smi info"
        remedy = f"Mount the host's: {MOUNT}" if machine.in_container else install
        yield problem(f"{LIBRARY} is not in {listed(LIBRARY_FOLDERS)}", remedy)
    elif not {*found} & {*machine.folders("LD_LIBRARY_PATH"), *_configured(machine)}:
        remedy = f"export LD_LIBRARY_PATH={':'.join(sorted({*found, f'{DRIVER}/lib64'}))}:$LD_LIBRARY_PATH"
        yield problem(f"the loader does not look for {LIBRARY} in {found[0]}", remedy)
    else:
        yield ok(f"the driver's libraries are in {found[0]}, where the loader looks")


def read_version(machine: Machine, file: str) -> str:
    """The version in one of the vendor's version.info files; empty if there is none."""
    match = _VERSION.search(machine.text(file))
    return match[1] if match else ""


def _configured(machine: Machine) -> set[str]:
    """The folders in /etc/ld.so.conf.d; the driver's installer adds its own there."""
    files = sorted(machine.path("/etc/ld.so.conf.d").glob("*.conf"))
    lines = (line.split("#")[0].strip() for file in files for line in machine.text(f"/etc/ld.so.conf.d/{file.name}").splitlines())
    return {line.rstrip("/") for line in lines if line.startswith("/")}
