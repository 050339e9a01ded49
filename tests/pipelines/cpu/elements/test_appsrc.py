"""Where images enter a stream: order, room, and what a close leaves behind."""

import threading
import time

from pipelines.cpu.elements.appsrc import IN_FLIGHT, AppSrc
from pipelines.cpu.elements.element import ElementContext
from pipelines.cpu.elements.frame import Frame
from pipelines.cpu.runtime_options import CpuOptions
from pipelines.cpu.text.plugins import parse_properties
from pipelines.cpu.text.spec import ElementSpec, StreamSpec


def source() -> AppSrc:
    spec = ElementSpec("appsrc0", "appsrc", parse_properties("appsrc0", "appsrc", {}), ("appsink0",))
    return AppSrc(ElementContext(spec, StreamSpec("test", 0, {"appsrc0": spec}), "", CpuOptions()))


def test_frames_are_carried_in_order() -> None:
    appsrc, seen = source(), []
    appsrc.downstream = lambda frame: seen.append(frame.unique_id)
    appsrc.start()
    for number in range(50):
        assert appsrc.put(Frame(b"", number), wait_s=None)
    while len(seen) < 50:
        time.sleep(0.001)
    appsrc.close()
    assert seen == list(range(50))


def test_a_bounded_put_waits_for_room_and_gives_up() -> None:
    appsrc, gate = source(), threading.Event()

    def hold(_frame: Frame) -> None:
        gate.wait()

    appsrc.downstream = hold
    appsrc.start()
    assert [appsrc.put(Frame(b"", number), wait_s=0.01) for number in range(IN_FLIGHT + 1)] == [True] * IN_FLIGHT + [False]
    gate.set()
    assert appsrc.put(Frame(b"", 9), wait_s=5)
    appsrc.close()
