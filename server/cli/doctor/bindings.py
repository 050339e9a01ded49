"""The Python that loads the SDK's module, and the Python versions that the module supports (ascend.md 1.1)."""

import mmap
import re
from collections.abc import Iterator
from pathlib import Path

from server.cli.doctor.case import VENDOR_MODULE, Case, vendor_module
from server.cli.doctor.finding import Finding, ok, problem
from server.cli.doctor.machine import Machine
from server.cli.doctor.sdk import sdk_home, source

PROTOBUF = "protobuf==4.25.1"  # the requirement of SDK 7.x
_NAMED = re.compile(r"cpython-3([0-9]{1,2})m?-")
_LINKED = re.compile(rb"libpython3\.([0-9]{1,2})m?\.so")
_LIMITED = ".abi3."
_LOOK = "import sys; print('%d.%d' % sys.version_info[:2], flush=True); sys.path[:0] = sys.argv[1:]; import " + VENDOR_MODULE


def check_bindings(case: Case) -> Iterator[Finding]:
    """Whether the Python of the engine process can import StreamManagerApi."""
    machine = case.machine
    python = case.engine_python
    module = vendor_module(machine)
    if not module:
        yield problem(
            f"PYTHONPATH leads to no {VENDOR_MODULE}", source(machine, by_hand=f"export PYTHONPATH={sdk_home(machine)}/python:$PYTHONPATH")
        )
        return
    wanted = versions_bound(machine, module)
    try:
        ran = machine.run(str(python), "-c", _LOOK, *(str(machine.path(folder)) for folder in machine.folders("PYTHONPATH")))
    except OSError as error:
        yield problem(f"{python} cannot be run: {error}", _named(machine, wanted))
        return
    version, _, _ = ran.out.partition("\n")
    bound = f" (it is for Python {' or '.join(wanted)})" if wanted else ""
    if ran.status == 0:
        yield ok(f"{python}, Python {version}, imports {module}{bound}")
        return
    died = f"died of signal {-ran.status}" if ran.status < 0 else (ran.err.strip().splitlines() or ["no reason given"])[-1]
    what = f"{python}, Python {version or 'unknown'}, cannot import {module}{bound}: {died[:200]}"
    if wanted and version not in wanted:
        yield problem(what, _named(machine, wanted))
    elif "No module named 'google" in died:
        yield problem(what, f"{python} -m pip install {PROTOBUF}")
    else:
        yield problem(what, f"See what it lacks: ldd {module.parent}/_{VENDOR_MODULE}*.so")


def versions_bound(machine: Machine, module: Path) -> list[str]:
    """The Python versions of the module's compiled part, for example 3.7; empty if every version may load it, or if it is unknown."""
    libraries = sorted(
        [*machine.path(module.parent).glob(f"_{VENDOR_MODULE}*.so"), *machine.path(module.parent).glob(f"{VENDOR_MODULE}*.so")]
    )
    minors = {minor for library in libraries if _LIMITED not in library.name for minor in _minors(library)}
    return [f"3.{minor}" for minor in sorted(minors)]


def _minors(library: Path) -> set[int]:
    if named := _NAMED.search(library.name):
        return {int(named[1])}
    try:
        with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return {int(match[1]) for match in _LINKED.finditer(content)}
    except (OSError, ValueError):  # ValueError: the file is empty
        return set()


def _named(machine: Machine, versions: list[str]) -> str:
    """The setting for a Python of such a version; an installed one if possible."""
    version = versions[0] if versions else "3.9"
    places = (f"{place}/python{version}" for place in ("/usr/local/bin", "/usr/bin", f"/usr/local/python{version}/bin"))
    older = (f"/{found.relative_to(machine.root)}" for found in machine.root.glob(f"usr/local/python{version}.*/bin/python{version}"))
    found = next((place for place in (*places, *older) if machine.exists(place)), None)
    return f"export ENGINE_PYTHON={found}" if found else f"Install Python {version}, then: export ENGINE_PYTHON=/usr/bin/python{version}"
