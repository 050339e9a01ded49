"""Frames over a real socket pair."""

import ast
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import server.engines.process.protocol
import server.engines.process.stream_child
from server.engines.process.protocol import (
    HEADER,
    IMAGE,
    MAGIC,
    RESULT,
    START,
    BadMessage,
    Message,
    receive_all,
    receive_message,
    receive_socket,
    send_message,
    send_socket,
    socket_pair,
)


@given(st.integers(0, 2**64 - 1), st.none() | st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False)), st.binary(max_size=5000))
def test_a_frame_arrives_as_it_was_sent(number: int, meta: object, body: bytes) -> None:
    ours, theirs = socket_pair()
    with ours, theirs:
        send_message(ours, RESULT, number, meta, body)
        assert receive_message(theirs) == Message(RESULT, number, meta, body)


@given(st.binary(min_size=1, max_size=200))
def test_bytes_that_are_no_frame_are_told(garbage: bytes) -> None:
    ours, theirs = socket_pair()
    with theirs:
        with ours:
            ours.sendall(garbage)
        with pytest.raises(BadMessage):
            receive_message(theirs, 1000)


@pytest.mark.parametrize("kept", [1, HEADER.size, HEADER.size + 3, HEADER.size + 10])
def test_a_frame_that_is_cut_off_is_told(kept: int) -> None:
    ours, theirs = socket_pair()
    with theirs:
        with ours:
            ours.sendall((HEADER.pack(MAGIC, IMAGE, 4, 8, 0) + b"null" + b"picture!")[:kept])
        with pytest.raises(BadMessage, match="ends within"):
            receive_message(theirs)


def test_a_configuration_may_hold_the_labels_of_many_classes() -> None:
    labels = ["кошка и собака на диване"] * 2000
    ours, theirs = socket_pair()
    with ours, theirs:
        sender = threading.Thread(target=send_message, args=(ours, START, 0, {"labels": labels}))
        sender.start()
        message = receive_message(theirs)
        sender.join()
    assert message
    assert message.meta == {"labels": labels}


def test_the_end_between_frames_is_the_end() -> None:
    ours, theirs = socket_pair()
    ours.shutdown(socket.SHUT_WR)
    with ours, theirs:
        assert receive_message(theirs) is None


def test_a_body_above_the_limit_is_not_read() -> None:
    ours, theirs = socket_pair()
    with ours, theirs:
        ours.sendall(HEADER.pack(MAGIC, RESULT, 0, 2**32 - 1, 0))
        with pytest.raises(BadMessage, match="too large"):
            receive_message(theirs, 1000)


def test_a_socket_goes_before_the_first_frame() -> None:
    (ours, theirs), (ours_large, theirs_large) = socket_pair(), socket_pair()
    with ours, theirs, ours_large:
        with theirs_large:
            send_socket(ours, theirs_large)
        send_message(ours, IMAGE, 1, None, b"small")
        given = receive_socket(theirs)
        assert given
        with given:
            send_message(ours_large, IMAGE, 2, None, b"large")
            messages = [receive_message(one) for one in (theirs, given)]
            assert messages == [Message(IMAGE, 1, None, b"small"), Message(IMAGE, 2, None, b"large")]
            assert not given.get_inheritable()
        ours.shutdown(socket.SHUT_WR)
        assert receive_socket(theirs) is None


@pytest.mark.parametrize("bad", [0, 1])
def test_what_is_no_frame_ends_both_sockets(bad: int) -> None:
    (ours, theirs), (ours_large, theirs_large) = socket_pair(), socket_pair()
    taken: list[Message] = []
    with ours, theirs, ours_large, theirs_large:
        (ours, ours_large)[bad].sendall(b"no frame at all" * 9)
        with pytest.raises(BadMessage):
            receive_all(theirs, theirs_large, taken.append)
    assert not taken


@pytest.mark.parametrize("module", [server.engines.process.protocol, server.engines.process.stream_child])
def test_the_vendors_python_can_read_it(module: object) -> None:
    ast.parse(Path(str(vars(module)["__file__"])).read_text("utf-8"), feature_version=(3, 7))
