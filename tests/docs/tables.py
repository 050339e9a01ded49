"""Markdown that reads the same on GitHub and on the site."""

import re
from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; every row has as many cells as the header."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def code(text: object) -> str:
    """A word of the program's own, or nothing for nothing."""
    return f"`{text}`" if str(text) else ""


def escaped(text: str) -> str:
    """Text in which <this> is not taken for HTML; in code it is not."""
    return "".join(part if number % 2 else part.replace("<", "&lt;") for number, part in enumerate(re.split(r"(`[^`]*`)", text)))


def words(docstring: str | None) -> tuple[str, str]:
    """A docstring's first line, and the text behind it as one paragraph."""
    first, _, rest = (docstring or "").strip().partition("\n")
    return first, " ".join(rest.split())


def _cell(text: str) -> str:
    return escaped(text.replace("|", r"\|").replace("\n", " "))
