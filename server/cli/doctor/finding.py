"""What a check found."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "problem", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. A problem keeps the server from serving as it is set up, and its remedy says what to do."""

    status: Status
    what: str
    remedy: str = ""


@dataclass(frozen=True)
class Section:
    """The findings on one concern."""

    name: str
    findings: tuple[Finding, ...]


def ok(what: str) -> Finding:
    """It is well."""
    return Finding("ok", what)


def note(what: str, remedy: str = "") -> Finding:
    """Worth knowing, and no hindrance."""
    return Finding("note", what, remedy)


def problem(what: str, remedy: str) -> Finding:
    """A hindrance, and how to mend it."""
    return Finding("problem", what, remedy)


def listed(names: Iterable[object], most: int = 4) -> str:
    """Names with commas between; of many the first, and how many more."""
    texts = [str(name) for name in names]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def guarded(name: str, check: Callable[[], Iterable[Finding]]) -> Section:
    """The section of a check; what it could not read is a problem of its own."""
    found: list[Finding] = []
    try:
        found.extend(check())
    except OSError as error:
        found.append(problem(f"cannot look further: {error}", "Run the doctor as the user that serves, or as root."))
    return Section(name, tuple(found))
