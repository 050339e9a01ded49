"""Where images enter a stream: order, room, and what a close leaves behind."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from weakref import ref

import numpy as np
import pytest

from pipelines.cpu.elements.appsrc import IN_FLIGHT, AppSrc
from pipelines.cpu.elements.element import ElementContext
from pipelines.cpu.elements.frame import Frame, Vision, Visions
from pipelines.cpu.runtime_options import CpuOptions
from pipelines.cpu.text.plugins import parse_properties
from pipelines.cpu.text.spec import ElementSpec, StreamSpec


def source(options: CpuOptions | None = None) -> AppSrc:
    spec = ElementSpec("appsrc0", "appsrc", parse_properties("appsrc0", "appsrc", {}), ("appsink0",))
    return AppSrc(ElementContext(spec, StreamSpec("test", 0, {"appsrc0": spec}), "", options or CpuOptions()))


def test_frames_are_carried_in_order() -> None:
    appsrc, seen = source(), []
    appsrc.downstream = lambda frame: seen.append(frame.unique_id)
    appsrc.start()
    for number in range(50):
        assert appsrc.put(Frame(b"", number))
    while len(seen) < 50:
        time.sleep(0.001)
    appsrc.close()
    assert seen == list(range(50))


def entered(appsrc: AppSrc, number: int, wait_s: float = 0.01) -> bool:
    return appsrc.enter(wait_s) and appsrc.put(Frame(b"", number), entered=True)


@pytest.mark.parametrize(
    ("options", "waits_for"), [(CpuOptions(), 3), (CpuOptions(early_room=True), 1), (CpuOptions(early_room=True, strict=True), 3)]
)
def test_a_source_with_three_inside_opens_when_none_is_inside_or_one_has_left(options: CpuOptions, waits_for: int) -> None:
    appsrc, turn, left = source(options), threading.Semaphore(0), threading.Semaphore(0)

    def hold(_frame: Frame) -> None:
        left.release()  # the frame before this one has left
        turn.acquire()

    appsrc.downstream = hold
    appsrc.start()
    assert [entered(appsrc, number) for number in range(IN_FLIGHT + 1)] == [True] * IN_FLIGHT + [False]
    assert left.acquire(timeout=30)
    for gone in range(1, waits_for + 1):
        assert not entered(appsrc, 9)
        turn.release()
        if gone < IN_FLIGHT:
            assert left.acquire(timeout=30)
    assert entered(appsrc, 9, wait_s=30)
    turn.release(9)
    appsrc.close()


def test_a_stalled_source_takes_three_and_no_more() -> None:
    appsrc = source()
    assert [entered(appsrc, number) for number in range(IN_FLIGHT)] == [True] * IN_FLIGHT
    appsrc.open_when_stalled()
    assert not entered(appsrc, 3)
    appsrc._leave()
    appsrc.open_when_stalled()
    assert [entered(appsrc, number) for number in (3, 4)] == [True, False]


def test_a_close_refuses_who_waits() -> None:
    appsrc = source()
    for number in range(IN_FLIGHT):
        assert entered(appsrc, number)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(appsrc.enter, 60.0)
        appsrc.close()
        assert not waiting.result(30)
    assert not appsrc.put(Frame(b"", 9))


def test_a_source_that_waits_holds_no_picture() -> None:
    appsrc, known = source(), list[ref[np.ndarray]]()

    def decode(frame: Frame) -> None:
        pixels = np.zeros((2, 2, 3), np.uint8)
        frame.metadata["decoded"] = Visions((Vision(pixels),))
        known.append(ref(pixels))

    appsrc.downstream = decode
    appsrc.start()
    assert appsrc.put(Frame(b"", 0))
    deadline_s = time.monotonic() + 30
    while not known or (known[0]() is not None and time.monotonic() < deadline_s):
        time.sleep(0.001)
    assert known[0]() is None
    appsrc.close()
