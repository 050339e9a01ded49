"""The lines of a child, through a real pipe."""

import logging
import os
from collections.abc import Iterator

import pytest

from server.engines.process.words import Words


class Printed:
    """The two ends of the pipe."""

    def __init__(self) -> None:
        reading, self._writing = os.pipe()
        self.words = Words("stream", 7, os.fdopen(reading, "rb", buffering=0))

    def prints(self, text: bytes) -> None:
        os.write(self._writing, text)

    def ends(self) -> None:
        os.close(self._writing)
        self.words.close(5)


@pytest.fixture
def child() -> Iterator[Printed]:
    printed = Printed()
    yield printed
    printed.ends()


def test_no_colour_reaches_the_log(child: Printed, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    child.prints(b"\x1b[32mI1128 10:00:00.1 7 M.cpp:1] Set dynamicBatchSize(2).\x1b[0m\n\x1b[1;31mE1128 10:00:00.2 no\x1b[K\n")
    assert child.words.last_errors() == "Its last errors: E1128 10:00:00.2 no"
    assert [record.getMessage() for record in caplog.records] == [
        "stream[7]: I1128 10:00:00.1 7 M.cpp:1] Set dynamicBatchSize(2).",
        "stream[7]: E1128 10:00:00.2 no",
    ]


@pytest.mark.parametrize("line", ["E20261128 10:00:00.1 7 A.cpp:1] x", "F1128 10:00 x", "[Error][2026-11-28] x", "[ERROR] GE(7) x"])
def test_errors_are_told_from_other_lines(child: Printed, line: str) -> None:
    child.prints(f"W1128 10:00 a warning\n[Info ][2026] x\nEvery word\n{line}\n".encode())
    assert child.words.last_errors() == f"Its last errors: {line}"


def test_only_the_last_errors_are_kept(child: Printed) -> None:
    child.prints(b"".join(b"E1128 10:00 %d\n" % number for number in range(8)))
    assert child.words.last_errors() == "Its last errors: " + " | ".join(f"E1128 10:00 {number}" for number in range(3, 8))


@pytest.mark.parametrize(
    "line",
    [
        "Corrupt JPEG data: premature end of data segment",
        "Corrupt JPEG data: found marker 0xd9 instead of RST3",
        "Premature end of JPEG file",
        "Inconsistent progression sequence for component 0 coefficient 1",
        "libpng warning: IDAT: CRC error",
        "libpng error: bad adaptive filter value",
    ],
)
def test_a_warning_of_a_decoder_is_told_once(child: Printed, line: str) -> None:
    assert not child.words.take_damage()
    child.prints(f"I1128 10:00 x\n{line}\n".encode())
    assert child.words.take_damage()
    assert not child.words.take_damage()


def test_what_ends_within_a_line_is_told(child: Printed) -> None:
    child.prints(b"terminate called")
    assert child.words.last() == ""
    other = Printed()
    other.prints(b"terminate called")
    other.ends()
    assert other.words.last() == "Its last output: terminate called"


def test_a_line_without_end_does_not_fill_the_memory(child: Printed) -> None:
    for _ in range(40):
        child.prints(b"x" * 1000)
        child.words.catch_up()
    assert len(child.words._begun) <= 4096
