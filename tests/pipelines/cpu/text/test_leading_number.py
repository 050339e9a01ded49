import pytest

from pipelines.cpu.text.leading_number import leading_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("0", 0), ("007", 7), (" 5x", 5), ("-3", -3), ("+3", 3), ("0x5", 0), ("2147483647", 2**31 - 1), ("-0", 0)),
        *(("", None), ("x", None), ("-", None), ("- 1", None), ("2147483648", None), ("9" * 5000, None), ("٣", None)),
    ],
)
def test_the_number_a_text_begins_with(text: str, number: int | None) -> None:
    assert leading_number(text) == number
