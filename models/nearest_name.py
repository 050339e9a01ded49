"""Finds the known name that a mistyped one probably means."""

from collections.abc import Iterable
from difflib import get_close_matches

_COMPARED = 80
"""Characters: the comparison takes time with the square of the length."""


def nearest_name(name: str, known: Iterable[str]) -> str:
    """The known name that looks most like this one; empty if none does."""
    return next(iter(get_close_matches(name[:_COMPARED], known, 1)), "")
