"""One child, from its start to its end."""

import logging

import pytest

from server.engines.probe import probe_request
from server.engines.process.child import Child
from server.engines.process.program import EngineProgram
from server.engines.process.protocol import RESULT

PROGRAM = EngineProgram("server.engines.fake_engine:FakeEngine", lambda: {"places": 3})


def test_it_answers_and_ends_by_itself() -> None:
    child = Child("fake", PROGRAM.launch(), 20)
    assert (child.places, child.decoders) == (3, 3)
    request = probe_request(5)
    child.send(12, PROGRAM.meta(request), request.image.data)
    frame = child.receive()
    assert frame
    assert (frame.kind, frame.number) == (RESULT, 12)
    child.end(20)
    assert child.receive() is None
    assert child.reap() == "exit code 0"


def test_it_is_killed() -> None:
    child = Child("fake", PROGRAM.launch(), 20)
    child.kill()
    assert child.receive() is None
    assert child.reap() == "SIGKILL"


def test_what_it_prints_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    program = EngineProgram("tests.server.engines.faulty:Talking", dict)
    child = Child("talking", program.launch(), 20)
    child.end(20)
    child.reap()
    assert child.last_words() == "Its last output: here I am"
    assert any(record.getMessage() == f"talking[{child.pid}]: here I am" for record in caplog.records)
