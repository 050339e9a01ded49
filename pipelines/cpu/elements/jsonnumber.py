"""Numbers as the vendor prints them: protobuf's text of a float, read and written again by its JSON library."""

import struct

_SPECIAL = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"', "-0": "0"}
_SMALLEST_NORMAL = 2.0**-126  # below it C's strtof, which the vendor reads back with, reports an error
_FLOAT = struct.Struct("f").pack
_PLAIN_BELOW = 1e15  # from here on the JSON library keeps the exponent


def number_text(value: float) -> str:
    """A float32: six digits if they read back as the same, else nine; -0 is 0, and millions are written out with ".0"."""
    text = f"{value:.6g}"
    if text in _SPECIAL:
        return _SPECIAL[text]
    if value and (-_SMALLEST_NORMAL < value < _SMALLEST_NORMAL or _FLOAT(float(text)) != _FLOAT(value)):
        text = f"{value:.9g}"
    if "e+" in text and -_PLAIN_BELOW < (whole := float(text)) < _PLAIN_BELOW:
        return f"{whole:.1f}"
    return text
