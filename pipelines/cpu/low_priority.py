"""The priority of threads that decode what takes long: everything else gets the processors first.

A thread may lower its priority, but without root it may not raise it again, so such a thread does nothing else.
"""

import os
import sys

NICER_BY = 5
"""Beside a thread that always wants the same core, a thread that is nicer by 5 gets a quarter of it: late, but in time."""


def lower_own_priority() -> None:
    """Lower the priority of the calling thread; does nothing outside Linux, where that would lower the whole process."""
    if sys.platform == "linux":
        os.nice(NICER_BY)
