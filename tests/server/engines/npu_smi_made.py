"""A stand-in for the driver's npu-smi, and the table that it prints."""

from pathlib import Path

HEAD = """\
+--------------------------------------------------------------------------------------------------------+
| npu-smi 25.2.0                                   Version: 25.2.0                                       |
+-------------------------------+-----------------+------------------------------------------------------+
| NPU     Name                  | Health          | Power(W)     Temp(C)           Hugepages-Usage(page) |
| Chip    Device                | Bus-Id          | AICore(%)    Memory-Usage(MB)                        |
+===============================+=================+======================================================+
"""
PROCESSES = """\
+===============================+=================+======================================================+
| NPU     Chip                  | Process id      | Process name             | Process memory(MB)        |
+===============================+=================+======================================================+
| 0       1                     | 4242            | python                   | 118                       |
"""


def table(*rows: tuple[str, str]) -> str:
    """A table of chips, by name and health."""
    body = "".join(
        f"| 0       {name:<21} | {health:<15} | 12.8         42                0     / 969           |\n"
        f"| {number}       {number:<21} | 0000:86:00.0    | 0            2621 / 8192                             |\n"
        for number, (name, health) in enumerate(rows)
    )
    return HEAD + body + PROCESSES


def npu_smi(folder: Path, output: str, status: int = 0) -> Path:
    """A program that prints what the driver's would."""
    (folder / "printed").write_text(output, "utf-8")
    program = folder / "npu-smi"
    program.write_text(f'#!/bin/sh\n[ "$*" = info ] && cat "{folder}/printed"; exit {status}\n', "utf-8")
    program.chmod(0o755)
    return program
