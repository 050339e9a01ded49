"""The interface."""

from server.engines.base import ignore_answer, ignore_batch
from server.engines.probe import probe_request
from server.engines.work import Work


def test_an_engine_that_nobody_listens_to_runs() -> None:
    work = Work(probe_request(1))
    ignore_batch(1, 0)
    ignore_answer(work, None)
    assert not work.future.done()
