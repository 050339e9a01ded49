"""Intact images made into damaged ones: blindly, or inside their parts with lengths and checksums put right."""

import zlib
from random import Random

from tests.soak.image_parts import Part, put_together, take_apart

_NUMBERS = (0, 1, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutate(random: Random, name: str, data: bytes) -> bytes:
    """A mutation of a seed; `name` starts with its format."""
    kind = name.partition(",")[0]
    way = random.random()
    if way < 0.3:
        return change(random, data)
    parts = take_apart(data)
    if way < 0.4:
        parts = _reorder(random, parts)
    elif way < 0.55 and kind == "png":
        parts = _other_rows(random, parts)
    else:
        for _ in range(random.choice((1, 1, 2))):
            at = random.choice([index for index, part in enumerate(parts) if part.content])
            parts[at] = Part(parts[at].name, change(random, parts[at].content))
    return put_together(parts, kind)


def change(random: Random, data: bytes) -> bytes:
    """One to four changes of some bytes."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        start = random.randrange(len(data) + 1)
        end = min(len(data), start + random.choice((1, 1, 2, 4, random.randrange(64))))
        old = data[start:end]
        match random.randrange(8):
            case 0 | 1 | 2:
                new = bytes(byte ^ 1 << random.randrange(8) for byte in old)
            case 3:
                new = random.randbytes(len(old))
            case 4:
                new = random.choice((b"\0", b"\xff", b"\x80")) * len(old)
            case 5:
                size = random.choice((1, 2, 4))
                new = (random.choice(_NUMBERS) % 256**size).to_bytes(size, random.choice(("big", "little")))
                end = min(len(data), start + size)
            case 6:
                new = b""
                end = len(data) if random.random() < 0.3 else end
            case _:
                new = old * 2 + random.randbytes(random.randrange(4))
        data = data[:start] + new + data[end:]
    return data


def _reorder(random: Random, parts: list[Part]) -> list[Part]:
    """A part dropped, doubled or in another's place."""
    at, other = random.randrange(len(parts)), random.randrange(len(parts))
    match random.randrange(3):
        case 0:
            return parts[:at] + parts[at + 1 :]
        case 1:
            return [*parts[:other], parts[at], *parts[other:]]
        case _:
            parts[at], parts[other] = parts[other], parts[at]
            return parts


def _other_rows(random: Random, parts: list[Part]) -> list[Part]:
    """The rows of a PNG changed and compressed again: wrong filters, too few of them, too many."""
    rows = zlib.decompress(b"".join(part.content for part in parts if part.name == b"IDAT"))
    before = [part for part in parts if part.name not in (b"IDAT", b"IEND")]
    return [*before, Part(b"IDAT", zlib.compress(change(random, rows), 1)), parts[-1]]
