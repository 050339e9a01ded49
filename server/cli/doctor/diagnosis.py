"""The doctor's result, as JSON and for a person."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from server.cli.doctor.finding import Finding, Section

if TYPE_CHECKING:
    from rich.text import Text

STYLES = {"ok": "green", "problem": "bold red", "note": "yellow"}
MEND = {"ok": "", "problem": "mend", "note": "hint"}
INDENT = 11  # "  problem  "


@dataclass(frozen=True)
class Diagnosis:
    """All findings; `serves` is a sentence about the engine that would answer."""

    serves: str
    sections: tuple[Section, ...]

    @property
    def well(self) -> bool:
        """Whether there is no problem."""
        return not self.count("problem")

    def count(self, status: str) -> int:
        """The number of findings with a status."""
        return sum(finding.status == status for section in self.sections for finding in section.findings)

    def as_object(self) -> dict[str, Any]:
        """For JSON."""
        findings = [
            {"section": section.name, "status": each.status, "what": plain(each.what), "remedy": plain(each.remedy)}
            for section in self.sections
            for each in section.findings
        ]
        return {"well": self.well, "serves": self.serves, "problems": self.count("problem"), "findings": findings}

    def lines(self, width: int | None = None) -> "Iterator[Text]":
        """The text for a person: one paragraph per section. With a width, sentences are wrapped; commands never are."""
        from rich.text import Text

        for section in self.sections:
            yield Text(section.name, style="bold")
            for finding in section.findings:
                yield from _told(finding, width)
            yield Text()
        problems, notes = self.count("problem"), self.count("note")
        counted = f"{_number(problems, 'problem')}, {_number(notes, 'note')}" if problems else f"well, {_number(notes, 'note')}"
        yield Text.assemble(f"{self.serves} ", (f"{counted[0].upper()}{counted[1:]}.", STYLES["ok" if self.well else "problem"]))


def _told(finding: Finding, width: int | None) -> "Iterator[Text]":
    from rich.text import Text

    first, *rest = _wrapped(plain(finding.what), width)
    yield Text.assemble("  ", (f"{finding.status:<{INDENT - 2}}", STYLES[finding.status]), first)
    yield from (Text(" " * INDENT + line) for line in rest)
    if finding.remedy:
        yield Text.assemble("  ", (f"{MEND[finding.status]:<{INDENT - 2}}", "dim"), plain(finding.remedy))


def _wrapped(text: str, width: int | None) -> list[str]:
    if width is None:
        return [text]
    return textwrap.wrap(text, max(20, width - INDENT), break_long_words=False, break_on_hyphens=False) or [""]


def _number(count: int, of: str) -> str:
    return f"{count or 'no'} {of}{'' if count == 1 else 's'}"


def plain(text: str) -> str:
    """The text without control characters, which could move the terminal's cursor; paths and output come from other programs."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
