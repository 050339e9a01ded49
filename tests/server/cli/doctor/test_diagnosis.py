"""The words of a diagnosis and its layout."""

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from server.cli.doctor.diagnosis import Diagnosis, plain
from server.cli.doctor.finding import Section, note, ok, problem

REPORT = Diagnosis(
    "The SDK would serve.",
    (Section("Chips", (ok("four chips"), problem("a chip is lost " * 5, "Look: dmesg"), note("it runs", "Or not"))), Section("None", ())),
)
WELL = Diagnosis("All serve.", (Section("Chips", (ok("one"),)),))


def test_the_text() -> None:
    lost = " ".join(["a chip is lost"] * 5)
    assert [line.plain for line in REPORT.lines()] == [
        "Chips",
        "  ok       four chips",
        f"  problem  {lost} ",
        "  mend     Look: dmesg",
        "  note     it runs",
        "  hint     Or not",
        "",
        "None",
        "",
        "The SDK would serve. 1 problem, 1 note.",
    ]
    assert [line.plain for line in WELL.lines()][-1] == "All serve. Well, no notes."


def test_sentences_are_wrapped_and_commands_are_not() -> None:
    lines = [line.plain for line in REPORT.lines(40)]
    assert lines[2:5] == [
        "  problem  a chip is lost a chip is lost",
        "           a chip is lost a chip is lost",
        "           a chip is lost",
    ]
    command = Diagnosis("", (Section("", (problem("it", "docker run " + "--device " * 30),)),))
    assert [line.plain for line in command.lines(40)][2] == "  mend     docker run " + "--device " * 30


def test_colour_is_for_terminals() -> None:
    for terminal in (False, True):
        console = Console(force_terminal=terminal, color_system="standard" if terminal else None)
        with console.capture() as capture:
            for line in REPORT.lines():
                console.print(line)
        assert ("\x1b[" in capture.get()) is terminal


def test_the_json() -> None:
    told = REPORT.as_object()
    assert (told["well"], told["problems"], told["serves"]) == (False, 1, "The SDK would serve.")
    assert told["findings"][2] == {"section": "Chips", "status": "note", "what": "it runs", "remedy": "Or not"}
    assert WELL.as_object()["well"]


@given(st.text())
def test_no_text_moves_the_cursor(text: str) -> None:
    assert plain(text).isprintable()
    assert [line.plain for line in Diagnosis("", (Section("", (ok(text),)),)).lines(60)]
