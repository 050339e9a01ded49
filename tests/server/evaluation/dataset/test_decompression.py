import bz2
import gzip
import io
import lzma
from collections.abc import Callable

import pytest

from server.evaluation.dataset.decompression import XZ_MEMORY_BYTES, decompressed

PLAIN = bytes(range(256)) * 2000
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}


def read(packed: bytes, size: int) -> bytes:
    stream = decompressed(io.BytesIO(packed))
    pieces = list(iter(lambda: stream.read(size), b""))
    assert max(map(len, pieces), default=0) <= size
    return b"".join(pieces)


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_no_more_at_a_time_than_asked_for(kind: str, size: int) -> None:
    assert read(PACKERS[kind](PLAIN), size) == PLAIN


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
@pytest.mark.parametrize("between", [b"", bytes(64)])
def test_several_streams_are_one(kind: str, between: bytes) -> None:
    pack = PACKERS[kind]
    assert read(pack(PLAIN) + between + pack(b"") + pack(b"end") + between, 5000) == PLAIN + b"end"


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("left", [20, -9])
def test_a_truncated_stream(kind: str, left: int) -> None:
    with pytest.raises((EOFError, lzma.LZMAError), match=r"truncated|Corrupt"):
        read(PACKERS[kind](PLAIN)[:left], 5000)


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_something_else_behind_a_stream(kind: str) -> None:
    with pytest.raises(Exception, match=r"(?i)invalid|incorrect|not supported|truncated"):
        read(PACKERS[kind](PLAIN) + b"something else", 5000)


def test_what_is_not_compressed_stays_as_it_is() -> None:
    assert read(b"hello", 3) == b"hello"
    assert read(b"", 3) == b""


def test_xz_may_ask_for_as_much_memory_as_its_best_level_needs() -> None:
    assert read(lzma.compress(b"x", preset=9), 5) == b"x"
    greedy = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 2 * XZ_MEMORY_BYTES}]
    with pytest.raises(lzma.LZMAError, match=r"[Mm]emory"):
        read(lzma.compress(b"x", filters=greedy), 5)


@pytest.mark.parametrize("kind", PACKERS)
def test_nothing_is_asked_for(kind: str) -> None:
    stream = decompressed(io.BytesIO(PACKERS[kind](PLAIN)))
    assert stream.read(0) == b""
    assert stream.read(4) == PLAIN[:4]
