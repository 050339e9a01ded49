"""A process is run to its end: its log is whole, its reason is told, nothing of it is left."""

import os
import signal
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.atc.run import MAX_LINE, AtcOutput, run_atc
from convert.conversion_errors import AtcFailed

SUCCESS = "ATC start working now, please wait for a moment.\n...\nATC run success, welcome to the next use.\n\n"
FAILURE = "...\nATC run failed, Please check the detail log, Try 'atc --help' for more information\n"
LOADER = "/b/atc.bin: error while loading shared libraries: libascend_hal.so: cannot open shared object file"


def output(text: str) -> AtcOutput:
    found = AtcOutput()
    found.feed(text.encode())
    found.end()
    return found


def run(tmp_path: Path, program: str, time_limit_s: float | None = None) -> tuple[AtcOutput, list[str]]:
    lines: list[str] = []
    return run_atc([sys.executable, "-c", program], tmp_path / "log", tmp_path, lines.append, time_limit_s=time_limit_s), lines


@pytest.mark.parametrize(
    ("text", "reason", "solution"),
    [
        (f"{FAILURE}E19010: No parser is registered for Op [x].\n\n", "E19010: No parser is registered for Op [x].", ""),
        (
            f"{FAILURE}E10007: [PID: 10490] 2025-03-18-09:02:18.501.341 [--framework] is required.\n        Solution: Give it.\n",
            "E10007: [--framework] is required.",
            "Give it.",
        ),
        (
            "[ERROR] GE(21177,atc.bin):first\n[ERROR] GE(21177,atc.bin):second\n" + FAILURE,
            "[ERROR] GE(21177,atc.bin):first",
            "",
        ),
        (f"[ERROR] GE(1,atc.bin):x\n{FAILURE}EZ3003: No supported Ops kernel.", "EZ3003: No supported Ops kernel.", ""),
        (f"x\n{LOADER}\ny\n", LOADER, ""),
        ("Segmentation fault\n", "Segmentation fault", ""),
        ("", "It printed nothing.", ""),
    ],
)  # fmt: skip
def test_the_reason_is_atcs_own(text: str, reason: str, solution: str) -> None:
    found = output(text)
    assert (found.reason, found.solution) == (reason, solution)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=4))
def test_it_does_not_matter_how_the_output_arrives(data: bytes, cuts: list[int]) -> None:
    pieces, whole = AtcOutput(), AtcOutput()
    places = [0, *sorted(cuts), len(data) + 300]
    for begin, end in pairwise(places):
        pieces.feed(data[begin:end])
    whole.feed(data)
    assert pieces == whole


def test_a_line_without_an_end_takes_no_memory() -> None:
    found = AtcOutput()
    for _ in range(100):
        found.feed(b"." * 100_000)
    assert len(found._rest) == MAX_LINE


def test_success(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("before\n")
    found, lines = run(tmp_path, f"print({SUCCESS!r}, end='')")
    assert found.last == "ATC run success, welcome to the next use."
    assert (tmp_path / "log").read_text() == f"before\n{SUCCESS}"
    assert lines[-1].endswith("s: ATC run success, welcome to the next use.")


@pytest.mark.parametrize("code", [1, 0, "SIGKILL"])
def test_failure_is_an_exit_code_or_a_word(tmp_path: Path, code: object) -> None:
    last = "import os; os.kill(os.getpid(), 9)" if code == "SIGKILL" else f"raise SystemExit({code})"
    with pytest.raises(AtcFailed, match=r"ATC failed\. E19010: No parser"):
        run(tmp_path, f"print({FAILURE + 'E19010: No parser'!r}, flush=True); {last}")


def test_a_program_that_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(AtcFailed, match="No such file"):
        run_atc(["env", "/none/atc"], tmp_path / "log", tmp_path, print)


def test_a_time_limit_ends_the_whole_group(tmp_path: Path) -> None:
    program = "import subprocess, time; p = subprocess.Popen(['sleep', '600']); print(p.pid, flush=True); time.sleep(600)"
    with pytest.raises(AtcFailed, match="within 3 s") as refusal:
        run(tmp_path, program, time_limit_s=3)
    child = int(str(refusal.value.message).rpartition(" ")[2])
    assert gone(child)


def test_a_program_that_ignores_the_first_signal_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convert.atc.run.END_S", 0.2)
    program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    began_s = time.monotonic()
    with pytest.raises(AtcFailed, match="within 1 s"):
        run(tmp_path, program, time_limit_s=1)
    assert time.monotonic() - began_s < 10


def test_a_daemon_that_keeps_the_pipe_is_not_waited_for(tmp_path: Path) -> None:
    program = f"import subprocess; p = subprocess.Popen(['sleep', '600']); print({SUCCESS!r}, p.pid)"
    found, _ = run(tmp_path, program)
    assert gone(int(found.last))


def interrupt_when_it_runs(log: Path) -> None:
    while not (log.is_file() and log.read_text().endswith("\n")):
        time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interruption_ends_it(tmp_path: Path) -> None:
    threading.Thread(target=interrupt_when_it_runs, args=(tmp_path / "log",), daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(600)")
    assert gone(int((tmp_path / "log").read_text()))


def gone(pid: int) -> bool:
    """Whether a process has ended, a zombie that nobody waits for included."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False
