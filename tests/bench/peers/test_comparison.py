"""The table of the peers."""

from contextlib import nullcontext
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.bench.client import figures
from tests.bench.peers.comparison import FORM, Contender, form_of, table
from tests.bench.peers.environments import PEERS


def contender(name: str, *rates: float) -> Contender:
    start: Any = nullcontext
    one = Contender(name, start, Path("photo.jpg"))
    one.loads = [figures([], 1) | {"rate": rate} for rate in rates]
    one.cpu_ms = [1.0 for _ in rates]
    return one


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\r\n--\x00", bytes(range(256))])
def test_a_form_holds_the_picture_byte_for_byte(content: bytes) -> None:
    form = message_from_bytes(f"Content-Type: {FORM}\r\n\r\n".encode() + form_of("image", content))
    _, part = form.walk()
    assert part.get_param("name", header="content-disposition") == "image"
    assert form_of("image", content).endswith(b"\r\n\r\n" + content + b"\r\n--ascend-classify-bench--\r\n")


def test_ratios_are_medians_of_rounds_and_the_goals_name_the_plain_script() -> None:
    ours, plain = contender("ascend-classify, stream", 100, 300, 210), contender(PEERS[0].name, 100, 200, 200)
    lines = list(table([ours, plain]))
    assert lines[2].startswith("| ascend-classify, stream | 210 | 1.00 |")
    assert lines[3].startswith(f"| {PEERS[0].name} | 200 | 0.95 |")
    assert lines[-1].startswith("met")
    assert "1.05  (goal ≥ 1.05)" in lines[-1]
