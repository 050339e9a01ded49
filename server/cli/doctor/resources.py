"""Memory, disks, open files and text encoding."""

import os
import resource
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from models.model_errors import ClassifyError
from models.store import ModelStore
from server.cli.doctor.case import Case
from server.cli.doctor.finding import Finding, note, ok, problem
from server.cli.doctor.machine import Machine
from server.http.limits import files_besides

MIB = 1 << 20
LEAST_FREE_BYTES = 64 * MIB
SERVER_BYTES = 256 * MIB
MODEL_TIMES = 3
"""The largest memory of a server: measured were 221 MiB with EfficientNet-Lite0 (18 MiB) and 673 MiB with ResNeXt-101 (169 MiB)."""
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""The limit files of a container, for both versions of control groups. Their usage is not used: it includes cached files."""


def check_resources(case: Case) -> Iterator[Finding]:
    """Check whether there is enough of each resource."""
    yield _memory(case)
    yield from _disks(case)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    besides = files_besides(case.settings)
    wanted = case.settings.max_connections + besides
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise_it = f"docker run --ulimit nofile={wanted} …" if case.machine.in_container else f"ulimit -n {wanted}"
        yield note(f"{hard} open files allowed: {max(1, hard - besides)} connections, not {case.settings.max_connections}", raise_it)
    if sys.getfilesystemencoding() != "utf-8":
        yield problem(f"the names of files are {sys.getfilesystemencoding()}, not UTF-8", "export LC_ALL=C.UTF-8")


def _memory(case: Case) -> Finding:
    needed = SERVER_BYTES + MODEL_TIMES * _model_bytes(case)
    takes = f"the server with this model takes up to {needed // MIB:,} MiB"
    allowed = [int(limit) for limit in (case.machine.text(file).strip() for file in LIMITS) if limit.isdecimal()]
    if allowed and min(allowed) < needed:
        more = f"docker run --memory {needed // MIB}m …"
        return problem(f"the container may take {min(allowed) // MIB:,} MiB of memory; {takes}", more)
    free = _free_memory(case.machine)
    if free is None:
        return note("the amount of free memory is unknown")
    if free < needed:
        return problem(f"{free // MIB:,} MiB of memory are free; {takes}", "End what takes most: ps -e --sort -rss -o pid,rss,args | head")
    return ok(f"{free // MIB:,} MiB of memory free, {needed // MIB:,} MiB needed")


def _model_bytes(case: Case) -> int:
    """The size of the model's largest artifact; 0 without one."""
    try:
        model = ModelStore(case.settings.model_store).open(case.settings.model)
    except (ClassifyError, OSError):
        return 0
    files = (model.folder / artifact.file for artifact in model.manifest.artifacts)
    return max((file.stat().st_size for file in files if case.machine.is_file(file)), default=0)


def _free_memory(machine: Machine) -> int | None:
    """The bytes that programs can still use; None if the kernel does not give the number."""
    lines = machine.text("/proc/meminfo").splitlines()
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)


def _disks(case: Case) -> Iterator[Finding]:
    machine, settings = case.machine, case.settings
    scratch = machine.variable("TMPDIR") or "/tmp"  # noqa: S108 - it is looked at, not written to
    if not (machine.is_dir(scratch) and machine.may(scratch, os.W_OK | os.X_OK)):
        writable = f"docker run --tmpfs {scratch} …" if machine.in_container else "export TMPDIR=/var/tmp"
        yield problem(f"the folder for temporary files, {scratch}, cannot be written to", writable)
    else:
        yield _room(machine, scratch, "temporary files", "export TMPDIR=/a/larger/disk")
    kept = settings.evaluation_dir.absolute()
    quoted = shlex.quote(str(kept))
    if machine.may_make(kept):
        yield _room(machine, kept, "evaluations and uploads", "export EVALUATION_DIR=/a/larger/disk")
    else:
        by_hand = f"sudo install -d -o {machine.uid} -m 750 {quoted}"
        yield problem(f"evaluations cannot be kept in {kept}", f"{by_hand}, or name another folder: export EVALUATION_DIR=…")


def _room(machine: Machine, place: str | Path, what: str, larger: str) -> Finding:
    path = Path(place)
    while not machine.exists(path):
        path = path.parent
    disk = os.statvfs(machine.path(path))
    free = disk.f_bavail * disk.f_frsize
    if free < LEAST_FREE_BYTES:
        return problem(
            f"{free // MIB:,} MiB are free for {what} in {place}, less than {LEAST_FREE_BYTES // MIB}", f"Make room, or {larger}"
        )
    return ok(f"{free // MIB:,} MiB free for {what} in {place}")
