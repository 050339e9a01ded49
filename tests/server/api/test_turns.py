import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.api.turns import MOST, Turns
from server.errors import Saturated


def test_one_works_a_few_wait_and_others_are_refused() -> None:
    turns, working, may_end = Turns("Reports"), threading.Semaphore(0), threading.Event()
    at_once: list[int] = []

    def work() -> None:
        with turns.take():
            at_once.append(1)
            working.release()
            may_end.wait(20)
            assert len(at_once) == 1
            at_once.pop()

    with ThreadPoolExecutor(MOST) as threads:
        under_way = [threads.submit(work) for _ in range(MOST)]
        assert working.acquire(timeout=20)
        while turns._places._value:
            pass
        with pytest.raises(Saturated, match="Reports: 8 are under way"), turns.take():
            pass
        may_end.set()
        for each in under_way:
            each.result(20)
    with turns.take():
        pass
