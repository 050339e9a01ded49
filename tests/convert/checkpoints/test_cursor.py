import pytest

from convert.checkpoints.cursor import Cursor
from convert.checkpoints.malformed import Malformed


def test_it_reads_from_front_to_end() -> None:
    file = Cursor(b"\x01\x02\x03\x00name\n\x3f\xf8\0\0\0\0\0\0rest")
    assert (file.number("<B"), file.number("<B"), file.number("<H")) == (1, 2, 3)
    assert (file.line(), file.real(), file.left, file.take(4), file.left) == ("name", 1.5, 4, b"rest", 0)


@pytest.mark.parametrize(("data", "message"), [(b"ab", "3 bytes are wanted, 2 are left"), (b"", "0 are left")])
def test_it_ends(data: bytes, message: str) -> None:
    with pytest.raises(Malformed, match=message):
        Cursor(data).take(3)


def test_a_name_has_an_end() -> None:
    with pytest.raises(Malformed, match="no end"):
        Cursor(b"a" * 300 + b"\n").line()
