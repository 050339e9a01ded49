"""A thread lowers its own priority and that of no other."""

import os
from concurrent.futures import ThreadPoolExecutor

from pipelines.cpu.low_priority import NICER_BY, lower_own_priority

LOWEST = 19


def own_niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)  # on Linux that of the thread


def test_the_thread_is_nicer_and_its_maker_is_not() -> None:
    before = own_niceness()
    with ThreadPoolExecutor(1, initializer=lower_own_priority) as pool:
        assert [pool.submit(own_niceness).result() for _ in range(2)] == [min(LOWEST, before + NICER_BY)] * 2
    assert own_niceness() == before
