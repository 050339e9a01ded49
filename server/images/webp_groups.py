"""How many groups of Huffman codes a lossless WebP has, from its bits before the pixels (RFC 9649, 6.2.2).

libwebp makes tables for each. A block of the picture may name any of 65,536 groups: 300 KB of them take 360 MiB.
"""

from contextlib import suppress
from typing import NamedTuple

from server.images.decode_cost import WEBP_GROUPS

_LEAST_SYMBOLS, _PIXELS_A_SYMBOL = 40_000, 250
"""Symbols of the small pictures before the pixels, and of their codes, that are read: some 15 ms, or more for a large file of many pixels.
Encoders write up to sixteen thousand for 12 megapixels."""
_LENGTHS_ORDER = (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
_REPEATS = {16: (3, 2), 17: (3, 3), 18: (11, 7)}  # how often a length is repeated: at least, and the bits that say how much more
_LITERALS, _LENGTHS, _DISTANCES = 256, 24, 40
_KEPT_GROUPS = 1000  # of more than these, or than pixels, libwebp keeps only those that are used


class _Unread(Exception):
    """The small pictures before the pixels are damaged, or too long to be read here."""


def surplus_groups(data: bytes, start: int, end: int, width_px: int, height_px: int) -> int:
    """The most groups of the stream from `start` to `end`, beyond those that encoders write.

    Where their number is not found, as many are assumed as the stream's bytes and blocks have room for.
    """
    blocks = max(-(-width_px // 4) * -(-height_px // 4), min(_KEPT_GROUPS, width_px * height_px))
    most = min(65536, blocks, 8 * (end - start) // 20)  # a group has five codes of four bits
    with suppress(_Unread):
        most = min(most, _Lossless(data, start).groups(width_px, height_px))
    return max(0, most - WEBP_GROUPS)


class _Lossless:
    """Reads a lossless stream up to its groups, without making any pixel."""

    def __init__(self, data: bytes, start: int) -> None:
        self._data, self._at, self._symbols_left = data, 8 * start, _LEAST_SYMBOLS

    def groups(self, width_px: int, height_px: int) -> int:
        """The groups of the picture; raises _Unread."""
        self._symbols_left += min(width_px * height_px // _PIXELS_A_SYMBOL, len(self._data))
        transforms = set[int]()
        while self._take(1):
            kind = self._take(2)
            if kind in transforms:
                raise _Unread
            transforms.add(kind)
            if kind < 2:  # a predictor or factors of colours for each block
                self._blocks(width_px, height_px)
            elif kind == 3:  # a palette; of a small one, a pixel holds several
                colours = 1 + self._take(8)
                self._picture(colours)
                width_px = -(-width_px // (8 if colours <= 2 else 4 if colours <= 4 else 2 if colours <= 16 else 1))
        self._take(4 * self._take(1))  # the cache of colours
        if not self._take(1):
            return 1
        named = self._blocks(width_px, height_px)
        most = max(named, default=0) + 1
        return most if most <= _KEPT_GROUPS else min(most, len(named) + 1)

    def _take(self, count: int) -> int:
        """The next bits; zeros behind the end."""
        at, self._at = self._at, self._at + count
        return int.from_bytes(self._data[at >> 3 : (at >> 3) + 4], "little") >> (at & 7) & ((1 << count) - 1)

    def _blocks(self, width_px: int, height_px: int) -> set[int]:
        bits = 2 + self._take(3)
        return self._picture(-(-width_px >> bits) * -(-height_px >> bits))

    def _picture(self, pixels: int) -> set[int]:
        """Read a small picture; red and green of all its pixels that are not copied."""
        cache_bits = self._take(4) if self._take(1) else 0
        if cache_bits > 11:
            raise _Unread
        sizes = (_LITERALS + _LENGTHS + (1 << cache_bits if cache_bits else 0), _LITERALS, _LITERALS, _LITERALS, _DISTANCES)
        green, red, blue, alpha, distance = [self._code(size) for size in sizes]
        found = set[int]()
        while pixels > 0:
            symbol = self._symbol(green)
            if symbol < _LITERALS:
                found.add(self._symbol(red) << 8 | symbol)
                self._symbol(blue)
                self._symbol(alpha)
            elif symbol < _LITERALS + _LENGTHS:
                pixels -= self._number(symbol - _LITERALS) - 1
                self._number(self._symbol(distance))
            pixels -= 1
        return found

    def _number(self, prefix: int) -> int:
        """A length or a distance."""
        if prefix < 4:
            return prefix + 1
        extra = (prefix - 2) >> 1
        return ((2 + (prefix & 1)) << extra) + self._take(extra) + 1

    def _code(self, size: int) -> "_Code":
        """A code of so many symbols (RFC 9649, 6.2.1)."""
        lengths = [0] * size
        if self._take(1):
            two = self._take(1)
            symbols = [self._take(8 if self._take(1) else 1)]
            if two:
                symbols.append(self._take(8))
            for symbol in symbols:
                if symbol >= size:
                    raise _Unread
                lengths[symbol] = 1
            return _code_of(lengths)
        of_lengths = [0] * len(_LENGTHS_ORDER)
        for place in _LENGTHS_ORDER[: 4 + self._take(4)]:
            of_lengths[place] = self._take(3)
        code, at, last = _code_of(of_lengths), 0, 8
        left = 2 + self._take(2 + 2 * self._take(3)) if self._take(1) else size
        while at < size and left:
            left -= 1
            length = self._symbol(code)
            least, bits = _REPEATS.get(length, (1, 0))
            times = least + self._take(bits)
            length = {16: last, 17: 0, 18: 0}.get(length, length)
            last = length or last
            if at + times > size:
                raise _Unread
            lengths[at : at + times] = [length] * times
            at += times
        return _code_of(lengths)

    def _symbol(self, code: "_Code") -> int:
        self._symbols_left -= 1
        if self._symbols_left < 0:
            raise _Unread
        at = self._at
        found = code.table[int.from_bytes(self._data[at >> 3 : (at >> 3) + 3], "little") >> (at & 7) & code.mask]
        self._at += found & 15
        return found >> 4


class _Code(NamedTuple):
    """A Huffman code: by the next bits, the symbol and its length in the lowest four bits."""

    table: list[int]
    mask: int


def _code_of(lengths: list[int]) -> _Code:
    """The canonical code of these lengths; raises _Unread, as libwebp fails, if they are too many or too few."""
    used = sorted((length, symbol) for symbol, length in enumerate(lengths) if length)
    if not used:
        raise _Unread
    if len(used) == 1:
        return _Code([used[0][1] << 4], 0)
    longest, word, before = used[-1][0], 0, 0
    table = [0] * (1 << longest)
    for length, symbol in used:
        word, before = word << (length - before), length
        if word >> length:
            raise _Unread
        table[int(f"{word:0{length}b}"[::-1], 2) :: 1 << length] = [symbol << 4 | length] * (1 << (longest - length))
        word += 1
    if word != 1 << longest:
        raise _Unread
    return _Code(table, (1 << longest) - 1)
