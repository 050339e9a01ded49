import pytest

from pipelines.cpu.elements.appsink import AppSink
from pipelines.cpu.elements.frame import Frame, FrameError
from pipelines.cpu.structs import MxDataOutput
from tests.pipelines.cpu.pipelines_made import opened

ERRORS = {"b1": FrameError(1004, "second"), "a0": FrameError(1001, "first")}


@pytest.mark.parametrize(
    ("frame", "result"),
    [
        (Frame(b'{"a":1}', 0, serialized=True), MxDataOutput(0, b'{"a":1}')),
        (Frame(b"an image", 0), MxDataOutput(0, b"{}")),
        (Frame(b"second\n", 0, errors=ERRORS, serialized=True), MxDataOutput(1004, b"second\n\n")),
        (Frame(b"an image", 0, errors=ERRORS), MxDataOutput(1004, b"first\nsecond\n")),
        (Frame(b"", 0, errors={"a0": FrameError(-1, "")}), MxDataOutput(-1, b"\n")),
    ],
    ids=["serialized", "not serialized", "failed", "failed, not serialized", "no text"],
)
def test_results(frame: Frame, result: MxDataOutput) -> None:
    delivered = []
    sink = opened(AppSink)
    sink.deliver = lambda *what: delivered.append(what)
    sink.push(frame)
    assert delivered == [(sink, frame, result)]


def test_a_closed_sink_delivers_nothing() -> None:
    delivered = []
    sink = opened(AppSink)
    sink.deliver = lambda *what: delivered.append(what)
    sink.close()
    sink.push(Frame(b"", 0))
    assert delivered == []
