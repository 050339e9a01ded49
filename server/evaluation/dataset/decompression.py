"""Reads gzip, bzip2 and xz as a stream that gives no more bytes at a time than are asked for.

The streams of `tarfile` decompress all they have read at once: ten kilobytes of bzip2 can be ten gigabytes.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import IO, Protocol

XZ_MEMORY_BYTES = 72 * 1024 * 1024
"""What `xz -9` needs is 65 MiB. A stream may ask for four gigabytes."""
_CHUNK_BYTES = 16 * 1024


class ByteStream(Protocol):
    """What can be read from front to back."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gunzip:
    """zlib's decompressor with the methods of the other two."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        return not self._inflate.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)


_KINDS: dict[bytes, Callable[[], _Decompressor]] = {
    b"\x1f\x8b\x08": _Gunzip,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ": lambda: lzma.LZMADecompressor(memlimit=XZ_MEMORY_BYTES),
    b"\x5d\x00\x00": lambda: lzma.LZMADecompressor(memlimit=XZ_MEMORY_BYTES),  # the format before xz
}


def decompressed(file: IO[bytes]) -> ByteStream:
    """The content of a compressed file, or the file itself; its first bytes tell."""
    file.seek(0)
    head = file.read(5)
    file.seek(0)
    return next((_Decompressed(file, make) for magic, make in _KINDS.items() if head.startswith(magic)), file)


class _Decompressed:
    """One compressed stream after the other, as the compressors of several threads write them."""

    def __init__(self, packed: IO[bytes], make: Callable[[], _Decompressor]) -> None:
        self._packed = packed
        self._make = make
        self._decompressor = make()

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; raises EOFError for a truncated stream, and what the decompressors raise."""
        while size:  # 0 would mean without a bound to zlib, and never to the others
            fresh = b""
            if self._decompressor.eof:
                fresh = (self._decompressor.unused_data or self._packed.read(_CHUNK_BYTES)).lstrip(b"\0")  # padding
                if not fresh and not (fresh := self._packed.read(_CHUNK_BYTES)):
                    return b""
                self._decompressor = self._make()
            elif self._decompressor.needs_input:
                fresh = self._packed.read(_CHUNK_BYTES)
            starved = self._decompressor.needs_input and not fresh
            if found := self._decompressor.decompress(fresh, size):
                return found
            if starved and not self._decompressor.eof:
                raise EOFError("it is truncated")
        return b""
