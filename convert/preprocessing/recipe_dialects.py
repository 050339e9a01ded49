"""Writes a part of a recipe as the reader of a message has to say it: as an option, or as a key of a file."""

from collections.abc import Callable

Write = Callable[[str, str], str]
"""From a part and its words, of which there may be none."""
Say = Callable[[str], str]
"""The same for one part."""


def as_option(part: str, words: str) -> str:
    """As in `--colour-order BGR`."""
    return f"--{part.replace('_', '-')} {words}".rstrip()


def as_key(part: str, words: str) -> str:
    """As in `colour_order = "BGR"`."""
    return f'{part} = "{words}"' if words else part
