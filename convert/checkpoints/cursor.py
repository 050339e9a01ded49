"""Reads a pickle from its front to its end."""

import struct

from convert.checkpoints.malformed import Malformed


class Cursor:
    """A position in the bytes of a pickle; every reader raises Malformed if the bytes end too early."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        self.skip(count)
        return self.data[self.position - count : self.position]

    def skip(self, count: int) -> None:
        """Skip bytes, which must exist."""
        if count > self.left:
            raise Malformed(f"it is truncated: {count} bytes are wanted, {self.left} are left")
        self.position += count

    def number(self, form: str) -> int:
        """The next integer, in a format of `struct`."""
        (value,) = struct.unpack(form, self.take(struct.calcsize(form)))
        return int(value)

    def real(self) -> float:
        """The next float64, big-endian as in pickles."""
        (value,) = struct.unpack(">d", self.take(8))
        return float(value)

    def line(self) -> str:
        """The next line of ASCII, of a name's length."""
        end = self.data.find(b"\n", self.position, self.position + 256)
        if end < 0:
            raise Malformed("a name has no end")
        text = self.take(end - self.position).decode("ascii", "backslashreplace")
        self.skip(1)
        return text

    @property
    def left(self) -> int:
        """The number of bytes left."""
        return len(self.data) - self.position
