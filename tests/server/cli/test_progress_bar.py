"""The commands show a bar while they work, and say how to go on when they are interrupted."""

import io
import sys

import pytest

from server.cli.progress_bar import INTERRUPTED, interrupted, progress_bar


def test_without_a_terminal_there_is_no_bar_but_there_are_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", told := io.StringIO())
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    with progress_bar() as progress:
        for _ in progress.track(range(3)):
            progress.console.print("a failure")
    assert told.getvalue() == "a failure\n" * 3


@pytest.mark.parametrize(
    ("given", "again"),
    [
        (["infer-dir", "my set", "out"], "infer-dir 'my set' out --resume"),
        (["infer-dir", "in", "out", "--resume"], "infer-dir in out --resume"),
    ],
)
def test_the_command_that_goes_on(
    given: list[str], again: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ascend-classify", *given])
    assert interrupted("3 are written.", "--resume").exit_code == INTERRUPTED
    assert capsys.readouterr().err == f"interrupted. 3 are written. Go on with: ascend-classify {again}\n"


@pytest.mark.parametrize("given", [["evaluate", "val"], ["evaluate", "val", "--resume", "12"], ["evaluate", "val", "--resume=12"]])
def test_a_resumed_run_is_named_once(given: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["ascend-classify", *given])
    interrupted("Kept.", "--resume", "12")
    assert capsys.readouterr().err.endswith("ascend-classify evaluate val --resume 12\n")
