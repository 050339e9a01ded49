"""Bytes that went wrong on their way: changed, lost, doubled or inserted."""

import random
from collections.abc import Sequence


def mutated_bytes(chance: random.Random, content: bytes, inserted: Sequence[bytes]) -> bytes:
    """The content with one to six faults; `inserted` are pieces that a reader of this format may stumble over."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 6))):
        at, end = chance.randrange(len(changed) + 1), chance.randrange(len(changed) + 1)
        match chance.randrange(4):
            case 0:
                changed[at : at + 1] = chance.randbytes(1)
            case 1:
                del changed[at : at + chance.randint(1, 20)]
            case 2:
                changed[at:at] = changed[at:end][:40]
            case _:
                changed[at:at] = chance.choice(inserted)
    return bytes(changed)
