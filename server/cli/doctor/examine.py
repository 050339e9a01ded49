"""All checks, one after the other."""

import platform
from collections.abc import Iterator
from importlib.metadata import version

from server.cli.doctor.bindings import check_bindings
from server.cli.doctor.case import Case, open_case
from server.cli.doctor.devices import check_devices
from server.cli.doctor.diagnosis import Diagnosis
from server.cli.doctor.engine_checks import check_engines
from server.cli.doctor.finding import Finding, guarded, note, ok, problem
from server.cli.doctor.home import check_home
from server.cli.doctor.machine import Machine
from server.cli.doctor.network import check_network
from server.cli.doctor.npu_driver import check_driver
from server.cli.doctor.prepared_model import Inspect, check_model
from server.cli.doctor.resources import check_resources
from server.cli.doctor.sdk import check_sdk, source
from server.cli.doctor.sdk_files import check_sdk_files
from server.settings import Settings


def examine(machine: Machine, settings: Settings, inspect: Inspect) -> Diagnosis:
    """Check everything that these settings need; changes nothing and opens no chip."""
    case = open_case(machine, settings)
    sections = [guarded("Program", lambda: _program(case)), guarded("Chips", lambda: check_devices(case))]
    if case.ascend and settings.runtime != "cpu":
        sections += [
            guarded("Driver", lambda: check_driver(case)),
            guarded("SDK", lambda: [*check_sdk(case), *check_sdk_files(case)]),
            guarded("Python of the SDK", lambda: check_bindings(case)),
            guarded("Home", lambda: check_home(case)),
        ]
    sections += [
        guarded("Model", lambda: check_model(case, inspect)),
        guarded("Engines", lambda: check_engines(case)),
        guarded("Network", lambda: check_network(case)),
        guarded("Resources", lambda: check_resources(case)),
    ]
    well = all(finding.status != "problem" for section in sections for finding in section.findings)
    return Diagnosis(_serves(case, "serves" if well else "would serve"), tuple(sections))


def _program(case: Case) -> Iterator[Finding]:
    where = "in a container, " if case.machine.in_container else ""
    yield ok(f"ascend-classify {version('ascend-classify')}, {where}Python {platform.python_version()}, {platform.machine()}")
    if case.machine.uid == 0 and case.runtime == "ascend":
        yield note("it runs as root; the SDK takes that, and a user of its own is safer")
    if case.settings.runtime == "auto" and case.nodes and case.runtime == "cpu":
        what = "chips are here, but the SDK's Python module is not: the CPU runtime would serve"
        yield problem(what, f"{source(case.machine)}, or to mean it: export RUNTIME=cpu")


def _serves(case: Case, verb: str) -> str:
    settings = case.settings
    if settings.engines == "fake":
        return f"The fake engine {verb}, without a model."
    if case.runtime == "ascend":
        return f"The SDK {verb} {settings.model} on {len(case.nodes)} chip{'' if len(case.nodes) == 1 else 's'}."
    why = "No Ascend device" if not case.nodes else "RUNTIME=cpu" if settings.runtime == "cpu" else "No SDK for the chips"
    return f"{why}: the CPU runtime {verb} {settings.model}."
