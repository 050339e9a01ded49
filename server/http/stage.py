"""How far a client is with its request."""

from enum import Enum, auto


class ReadPhase(Enum):
    """What its next bytes are."""

    BETWEEN = auto()
    HEAD = auto()
    BODY = auto()
    UNWANTED = auto()
    """To be dropped."""
