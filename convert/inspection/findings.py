"""The result of an inspection: facts, and findings, which fit or do not fit."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from models.model_errors import ClassifyError

LABEL_WIDTH = 14
MAX_SHOWN = 200  # characters of a fact; names and metadata come from the file


@dataclass(frozen=True)
class Remark:
    """One check; `remedy` says what to do if it does not fit."""

    fits: bool
    what: str
    remedy: str = ""

    @classmethod
    def of(cls, error: ClassifyError) -> "Remark":
        """An error, as a finding."""
        return cls(fits=False, what=error.message.rstrip("."), remedy=error.remedy)


def agree(what: str, have: object, want: object, remedy: str) -> Remark:
    """Compare a value of the file with the manifest's."""
    if have == want:
        return Remark(fits=True, what=f"{what}: {have}, as in the manifest")
    return Remark(fits=False, what=f"{what}: {have}, but the manifest says {want}", remedy=remedy)


@dataclass(frozen=True)
class Inspection:
    """The inspection of one file, or of a model with its files as `parts`."""

    subject: str
    kind: str
    facts: dict[str, object] = field(default_factory=dict)
    findings: tuple[Remark, ...] = ()
    parts: tuple["Inspection", ...] = ()

    @property
    def fits(self) -> bool:
        """Whether everything fits, here and in all parts."""
        return all(finding.fits for finding in self.findings) and all(part.fits for part in self.parts)

    def as_object(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "subject": self.subject,
            "kind": self.kind,
            "fits": self.fits,
            "facts": self.facts,
            "findings": [{"fits": each.fits, "what": each.what, "remedy": each.remedy} for each in self.findings],
            "parts": [part.as_object() for part in self.parts],
        }

    def as_text(self) -> str:
        """The text for a person: one paragraph per file."""
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """The lines of the text."""
        yield f"{_plain(self.subject)}: {self.kind}"
        for name, value in self.facts.items():
            for place, line in enumerate(value if isinstance(value, list) else [value]):
                yield f"  {name if place == 0 else '':<{LABEL_WIDTH}} {_plain(str(line))}"
        for finding in self.findings:
            remedy = f". {finding.remedy}" if finding.remedy and not finding.fits else ""
            yield f"  {'ok' if finding.fits else 'problem':<{LABEL_WIDTH}} {_plain(finding.what)}{_plain(remedy)}"
        for part in self.parts:
            yield ""
            yield from part.lines()


def _plain(text: str) -> str:
    """The text without control characters, which could move a terminal's cursor, and with limited length."""
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return shown if len(shown) <= MAX_SHOWN * 3 else f"{shown[: MAX_SHOWN * 3]}…"
