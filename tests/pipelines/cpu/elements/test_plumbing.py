"""The stock elements between the others."""

import threading
from time import monotonic, sleep
from weakref import ref

import numpy as np
import pytest

from pipelines.cpu.elements.element import Element
from pipelines.cpu.elements.frame import Frame, Vision, Visions
from pipelines.cpu.elements.plumbing import FakeSink, Identity, Queue, Tee
from tests.pipelines.cpu.pipelines_made import opened


def collected(element: Element) -> list[int]:
    seen: list[int] = []
    element.downstream = lambda frame: seen.append(frame.unique_id)
    return seen


def test_a_queue_keeps_the_order_on_a_thread_of_its_own() -> None:
    queue = opened(Queue, {})
    seen, threads = collected(queue), set[str]()
    carry = queue.downstream

    def note(frame: Frame) -> None:
        threads.add(threading.current_thread().name)
        carry(frame)

    queue.downstream = note
    for number in range(100):
        queue.push(Frame(b"", number))
    while len(seen) < 100:
        sleep(0.001)
    queue.close()
    assert seen == list(range(100))
    assert threading.current_thread().name not in threads


@pytest.mark.parametrize(("leaky", "kept"), [("upstream", [0, 1, 2]), ("downstream", [0, 3, 4])])
def test_a_full_queue_leaks_where_it_is_told_to(leaky: str, kept: list[int]) -> None:
    queue, gate, seen = opened(Queue, {"max-size-buffers": "2", "leaky": leaky}), threading.Event(), list[int]()

    def hold(frame: Frame) -> None:
        seen.append(frame.unique_id)
        gate.wait()

    queue.downstream = hold
    queue.push(Frame(b"", 0))
    while not seen:
        sleep(0.001)
    for number in range(1, 5):
        queue.push(Frame(b"", number))
    gate.set()
    while len(seen) < 3:
        sleep(0.001)
    queue.close()
    assert seen == kept


def test_a_full_queue_holds_up_its_sender_until_it_is_released() -> None:
    queue, gate = opened(Queue, {"max-size-buffers": "1"}), threading.Event()

    def hold(_frame: Frame) -> None:
        gate.wait()

    queue.downstream = hold

    def send() -> None:
        for number in range(3):
            queue.push(Frame(b"", number))

    sender = threading.Thread(target=send)
    sender.start()
    sleep(0.02)
    assert sender.is_alive()
    queue.release()
    sender.join(10)
    assert not sender.is_alive()
    gate.set()
    queue.close()


def test_a_queue_that_waits_holds_no_picture() -> None:
    queue = opened(Queue, {})
    seen, pixels = collected(queue), np.zeros((2, 2, 3), np.uint8)
    known, deadline_s = ref(pixels), monotonic() + 30
    queue.push(Frame(b"", 0, {"decoded": Visions((Vision(pixels),))}))
    del pixels
    while known() is not None and monotonic() < deadline_s:
        sleep(0.001)
    assert (known(), seen) == (None, [0])
    queue.close()


def test_identity_passes_on_and_fakesink_does_not() -> None:
    identity, sink = opened(Identity, {}), opened(FakeSink, {})
    seen, nothing = collected(identity), collected(sink)
    identity.push(Frame(b"", 1))
    sink.push(Frame(b"", 2))
    assert (seen, nothing) == ([1], [])


def test_a_tee_gives_every_branch_metadata_of_its_own() -> None:
    tee, frames = opened(Tee, {}), list[Frame]()
    tee.branches = [frames.append, frames.append]
    tee.push(Frame(b"x", 7))
    assert [frame.unique_id for frame in frames] == [7, 7]
    assert frames[0].metadata is not frames[1].metadata
