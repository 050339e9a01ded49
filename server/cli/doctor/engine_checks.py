"""The engines: the CPU runtime and the compiled engine."""

import importlib.metadata
import os
import sys
from collections.abc import Iterator

from pipelines.classifier_config import MXCLASSIFY_INTERFACE
from server.cli.doctor.case import Case
from server.cli.doctor.finding import Finding, note, ok, problem
from server.engines.runtime import INSTALL

CPU_IMAGE = "docker build -f Dockerfile.infer --target cpu -t ascend-classify:cpu ."
KNOWN = ("auto", "stream", "mxbase", "fake")


def check_engines(case: Case) -> Iterator[Finding]:
    """Check whether the CPU runtime can be loaded, if it is needed, and whether the mxBase engine is built."""
    kinds = [kind.strip() for kind in case.settings.engines.split(",")]
    if unknown := [kind for kind in kinds if kind not in KNOWN]:
        yield problem(f"ENGINES={case.settings.engines}: there is no engine {unknown[0]!r}", "export ENGINES=auto")
    if case.runtime == "cpu" and case.settings.engines != "fake":
        yield from _cpu_runtime(case)
    yield from _mxbase(case)


def _cpu_runtime(case: Case) -> Iterator[Finding]:
    try:
        from pipelines.cpu import CpuStreamManager  # noqa: F401
    except ImportError as error:
        yield problem(
            f"the CPU runtime cannot be loaded: {error}", f"Take the image for a CPU: {CPU_IMAGE}" if case.machine.in_container else INSTALL
        )
        return
    cores = len(os.sched_getaffinity(0))
    yield ok(f"CPU runtime: OpenVINO {importlib.metadata.version('openvino')} on {cores} core{'s' if cores > 1 else ''}")


def _mxbase(case: Case) -> Iterator[Finding]:
    engines = case.settings.engines
    found, fine = _built(case)
    build = "docker build -f Dockerfile.infer --build-arg WITH_MXBASE=1 …" if case.machine.in_container else "make mxbase"
    if fine:
        yield ok(f"the compiled engine (mxbase) {found}")
    elif "mxbase" in [kind.strip() for kind in engines.split(",")]:
        yield problem(f"ENGINES={engines}, but the compiled engine (mxbase) {found}", build)
    else:
        yield note(f"the compiled engine (mxbase) {found}", f"To have it as a second engine: {build}")


def _built(case: Case) -> tuple[str, bool]:
    """A description of the compiled engine, and whether it works. A child process loads it, because its libraries may abort."""
    ran = case.machine.run(sys.executable, "-c", "import mxclassify as m; print(getattr(m, 'RUNTIME', ''), getattr(m, 'INTERFACE', 1))")
    if ran.status == 0:
        runtime, _, interface = ran.out.strip().rpartition(" ")
        if interface != str(MXCLASSIFY_INTERFACE):
            return "is built from another version of the sources", False
        version = importlib.metadata.version("mxclassify")
        return (
            f"is built, {version}" if runtime == case.runtime else f"is built for {runtime}, not for {case.runtime}",
            runtime == case.runtime,
        )
    reason = (ran.err.strip().splitlines() or [f"it died of signal {-ran.status}"])[-1]
    missing = reason == "ModuleNotFoundError: No module named 'mxclassify'"
    return "is not built" if missing else f"cannot be loaded: {reason}", False
