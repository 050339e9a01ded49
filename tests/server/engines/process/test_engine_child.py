"""An engine at the other end of a socket, in this process."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from time import monotonic

import pytest

from server.engines.fake_engine import FakeEngine, fake_prediction
from server.engines.process.engine_child import EngineChild
from server.engines.process.protocol import HEADER, IMAGE, LARGE_BYTES, MAGIC, RESULT, Message, receive_message, send_message, socket_pair
from server.types import EncodedImage, ImageFormat


@pytest.fixture
def pairs() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The server's ends: for small images and for large ones."""
    (ours, theirs), (ours_large, theirs_large) = socket_pair(), socket_pair()
    engine = FakeEngine()
    child = EngineChild(theirs, theirs_large, engine)
    engine.start()
    thread = threading.Thread(target=child.run)
    thread.start()
    yield ours, ours_large
    ours.close()
    ours_large.close()
    thread.join()
    assert not engine.health().ok
    theirs.close()
    theirs_large.close()


@pytest.fixture
def served(pairs: tuple[socket.socket, socket.socket]) -> socket.socket:
    return pairs[0]


def ask(served: socket.socket, words: bytes, timeout_s: float = 10, scores: str = "top") -> Message | None:
    send_message(served, IMAGE, 7, ["id", monotonic() + timeout_s, "png", 1, 1, 1, 0.0, scores], words)
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


def test_a_small_image_is_answered_while_a_large_one_is_under_way(pairs: tuple[socket.socket, socket.socket]) -> None:
    served, large = pairs
    whole = bytes(3 * LARGE_BYTES)
    words = json.dumps(["id", monotonic() + 60, "png", 1, 1, 1, 0.0, "top"]).encode()
    large.sendall(HEADER.pack(MAGIC, IMAGE, len(words), len(whole), 5) + words + whole[:-1])
    small = ask(served, b"picture")
    large.sendall(whole[-1:])
    last = receive_message(served)
    assert small
    assert last
    assert [small.number, last.number] == [7, 5]
    expected = fake_prediction(EncodedImage(whole, ImageFormat.PNG, 1, 1)).scores
    assert [tuple(score) for score in last.meta["scores"]] == list(expected)


def test_it_starts_without_the_libraries_of_manifest_and_server() -> None:
    """They take longer to import than all that a child needs."""
    needed = "server.engines.process.engine_child, server.engines.fake_engine, pipelines.classification, pipelines.cpu.runtime_options"
    check = f"import sys, {needed}; print(sorted({{'pydantic', 'fastapi', 'models.manifest'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout == "[]\n"
