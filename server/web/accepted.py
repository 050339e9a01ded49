"""What a client accepts, by the weights of a header such as Accept or Accept-Language."""

from collections.abc import Iterator

_MOST = 32
"""Entries that are read."""


def accepted(header: str) -> Iterator[tuple[str, float]]:
    """Each entry in lower case with its weight (RFC 9110, 12.4.2); with blanks or without. One that cannot be read is left out."""
    for entry in header.lower().split(",")[:_MOST]:
        value, *parameters = (part.strip() for part in entry.split(";"))
        weight = next((part[2:] for part in parameters if part.startswith("q=")), "")
        try:
            yield value, float(weight or 1)
        except ValueError:
            continue
