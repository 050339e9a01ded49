"""An engine at the other end of a socket, in this process."""

import socket
import threading
from collections.abc import Iterator
from time import monotonic

import pytest

from server.engines.fake_engine import FakeEngine, fake_prediction
from server.engines.process.engine_child import EngineChild
from server.engines.process.protocol import IMAGE, RESULT, Message, receive_message, send_message, socket_pair
from server.types import EncodedImage, ImageFormat


@pytest.fixture
def served() -> Iterator[socket.socket]:
    ours, theirs = socket_pair()
    engine = FakeEngine()
    child = EngineChild(theirs, engine)
    engine.start()
    thread = threading.Thread(target=child.run)
    thread.start()
    yield ours
    ours.close()
    thread.join()
    assert not engine.health().ok
    theirs.close()


def ask(served: socket.socket, words: bytes, timeout_s: float = 10, scores: str = "top") -> Message | None:
    send_message(served, IMAGE, 7, ["id", monotonic() + timeout_s, "png", 1, 1, 1, scores], words)
    return receive_message(served)


def test_an_answer_comes_back_under_its_number(served: socket.socket) -> None:
    message = ask(served, b"picture")
    assert message
    assert (message.kind, message.number, message.meta["engine"]) == (RESULT, 7, "fake")
    expected = fake_prediction(EncodedImage(b"picture", ImageFormat.PNG, 1, 1)).scores
    assert [tuple(score) for score in message.meta["scores"]] == list(expected)
    assert message.body == b""


def test_all_scores_come_back_beside_the_words(served: socket.socket) -> None:
    message = ask(served, b"picture", scores="full")
    assert message
    assert "all_scores" not in message.meta
    assert message.body == fake_prediction(EncodedImage(b"picture", ImageFormat.PNG, 1, 1), "full").all_scores


@pytest.mark.parametrize(("words", "timeout_s", "code"), [(b"FAKE-DAMAGE", 10, "undecodable_image"), (b"late", -1, "deadline_exceeded")])
def test_an_error_comes_back_by_its_code(served: socket.socket, words: bytes, timeout_s: float, code: str) -> None:
    message = ask(served, words, timeout_s, "full")
    assert message
    assert (message.meta["error"], message.body) == (code, b"")
