"""Findings and their sections."""

from collections.abc import Iterator

import pytest

from server.cli.doctor.finding import Finding, guarded, listed, note, ok, problem


@pytest.mark.parametrize(
    ("names", "text"), [([], ""), (["a"], "a"), (["a", "b", "c", "d"], "a, b, c, d"), ([1, 2, 3, 4, 5, 6], "1, 2, 3, 4 and 2 more")]
)
def test_names_in_a_row(names: list[object], text: str) -> None:
    assert listed(names) == text


def test_statuses() -> None:
    assert (ok("a").status, note("a").status, problem("a", "b")) == ("ok", "note", Finding("problem", "a", "b"))


def test_what_was_found_before_a_failure_is_kept() -> None:
    def check() -> Iterator[Finding]:
        yield ok("one")
        raise PermissionError(13, "Permission denied", "/closed")

    section = guarded("Home", check)
    assert section.name == "Home"
    assert section.findings == (
        ok("one"),
        problem("cannot look further: [Errno 13] Permission denied: '/closed'", "Run the doctor as the user that serves, or as root."),
    )
