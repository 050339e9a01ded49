"""A process and its descendants, with the processor time that they have used."""

import contextlib
import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def process_tree(root: int) -> list[tuple[int, float]]:
    """The process and its descendants that live, each with its seconds of processor time, user and system."""
    parents: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(folder.name)
        parents[pid], seconds[pid] = int(fields[1]), (int(fields[11]) + int(fields[12])) / TICK
    found = [root] if root in parents else []
    for pid in found:  # grows as descendants are found
        found += [child for child, parent in parents.items() if parent == pid]
    return [(pid, seconds[pid]) for pid in found]


def memory_bytes(root: int, kind: str = "VmRSS") -> int:
    """The resident memory of all of them together: now, or the most that each ever had (`VmHWM`)."""
    found = 0
    for pid, _ in process_tree(root):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            found += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{kind}:"))
    return found


def shared_memory_bytes(root: int) -> int:
    """The memory of all of them together; what several share counts once (PSS)."""
    found = 0
    for pid, _ in process_tree(root):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except (OSError, ProcessLookupError):
            continue
        found += next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
    return found


def cpu_s(root: int) -> float:
    """The seconds of all of them together."""
    return sum(seconds for _, seconds in process_tree(root))
