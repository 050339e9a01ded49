"""Escapes what a file or a client may hold, before it reaches a log, a terminal or a manifest."""

import re

# Control characters (among them the escapes of terminals), what ends a line, what turns the direction of writing, and half surrogates.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def printable(text: str) -> str:
    """The text on one line: such a character becomes its escape in JSON."""
    return text if text.isascii() and text.isprintable() else _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
