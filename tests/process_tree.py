"""A process and its descendants, with the processor time that they have used."""

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


def cpu_s(root: int) -> float:
    """The seconds of all of them together."""
    return sum(seconds for _, seconds in process_tree(root))
