"""The result of a check."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "problem", "note"]


@dataclass(frozen=True)
class Finding:
    """The result for one thing. A problem prevents the server from working with these settings; its remedy says what to do."""

    status: Status
    what: str
    remedy: str = ""


@dataclass(frozen=True)
class Section:
    """The findings of one check."""

    name: str
    findings: tuple[Finding, ...]


def ok(what: str) -> Finding:
    """A good result."""
    return Finding("ok", what)


def note(what: str, remedy: str = "") -> Finding:
    """A remark that does not prevent anything."""
    return Finding("note", what, remedy)


def problem(what: str, remedy: str) -> Finding:
    """A problem, and how to correct it."""
    return Finding("problem", what, remedy)


def listed(names: Iterable[object], most: int = 4) -> str:
    """Names with commas between them; of many, the first ones and the number of others."""
    texts = [str(name) for name in names]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def guarded(name: str, check: Callable[[], Iterable[Finding]]) -> Section:
    """The section of a check; a file that the check cannot read becomes a problem."""
    found: list[Finding] = []
    try:
        found.extend(check())
    except OSError as error:
        found.append(problem(f"cannot look further: {error}", "Run the doctor as the user that serves, or as root."))
    return Section(name, tuple(found))
