"""Numbers in the vendor's JSON: protobuf prints the float, and the vendor's JSON library reads and prints it again."""

import struct

_SPECIAL = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"', "-0": "0"}
_SMALLEST_NORMAL = 2.0**-126  # below it C's strtof, with which the vendor reads the number, reports an error
_FLOAT = struct.Struct("f").pack
_PLAIN_BELOW = 1e15  # from this value on the JSON library keeps the exponent


def number_text(value: float) -> str:
    """The text of a float32: six digits if they read back as the same number, else nine; -0 is 0; millions end in ".0"."""
    text = f"{value:.6g}"
    if text in _SPECIAL:
        return _SPECIAL[text]
    if value and (-_SMALLEST_NORMAL < value < _SMALLEST_NORMAL or _FLOAT(float(text)) != _FLOAT(value)):
        text = f"{value:.9g}"
    if "e+" in text and -_PLAIN_BELOW < (whole := float(text)) < _PLAIN_BELOW:
        return f"{whole:.1f}"
    return text
