"""A thread of lower priority: its own, and that of no other."""

import os
import subprocess
import sys
import threading
import time
from weakref import ref

import numpy as np
import pytest

from pipelines.cpu.low_priority import NICER_BY, LowPriorityThread

LOWEST = 19
HANGS = """
import threading
from pipelines.cpu.low_priority import LowPriorityThread
slowly, began = LowPriorityThread("slow"), threading.Event()
def hang():
    began.set()
    threading.Event().wait()
threading.Thread(target=slowly.run, args=(hang,), daemon=True).start()
assert began.wait(30)
"""


def own_niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)  # on Linux that of the thread


def test_the_thread_is_nicer_and_its_maker_is_not() -> None:
    before, slowly = own_niceness(), LowPriorityThread[int]("slow")
    assert [slowly.run(own_niceness) for _ in range(2)] == [min(LOWEST, before + NICER_BY)] * 2
    assert own_niceness() == before
    slowly.close()


def test_it_starts_at_the_first_call_and_ends() -> None:
    slowly = LowPriorityThread[str]("slow of a test")
    assert "slow of a test" not in [thread.name for thread in threading.enumerate()]
    assert slowly.run(lambda: threading.current_thread().name) == "slow of a test"
    with pytest.raises(ZeroDivisionError):
        slowly.run(lambda: str(1 // 0))
    slowly.close()
    assert "slow of a test" not in [thread.name for thread in threading.enumerate()]


def test_a_call_that_hangs_does_not_keep_the_process() -> None:
    subprocess.run([sys.executable, "-c", HANGS], check=True, timeout=60)


def test_a_thread_that_waits_holds_no_picture() -> None:
    slowly = LowPriorityThread[np.ndarray]("slow")
    known = ref(slowly.run(lambda: np.zeros(9)))
    deadline_s = time.monotonic() + 30
    while known() is not None and time.monotonic() < deadline_s:  # the answer is there before the end of the turn
        time.sleep(0.001)
    assert known() is None
    slowly.close()
