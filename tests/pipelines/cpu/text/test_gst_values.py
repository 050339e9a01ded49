import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cpu.text.gst_values import Boolean, Choice, Float, Integer, Text, Unsigned, written

NUMBER = Integer(5, -10, 1000)
COUNT = Unsigned(5, 0, 2**32 - 1)
RATIO = Float(0, 0, 255)
LEAKY = Choice(0, ("no", "upstream", "downstream"), ("Not Leaky", "Leaky on upstream (new buffers)", "Leaky on downstream (old buffers)"))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("0", 0), ("+7", 7), ("-10", -10), (" 224", 224), ("-0", 0)),
        *(("0xE0", 224), ("0X1f", 31), ("-0x5", -5), ("007", 7), ("010", 8), ("0" * 50, 0)),
        *(("18446744073709551611", -5), ("4294967295", -1), ("7\0x", 7)),
    ],
)
def test_signed_numbers(text: str, number: int) -> None:
    assert NUMBER.parse(text) == number


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "abc", "1.5", "1e2", "1 ", "0x", "08", "--1", "- 1", "1_0", "\uff11", "1" * 5000, "4294967296", "-2147483649"),
        *(5, True, None, ["5"], {}),
    ],
)
def test_no_numbers(value: object) -> None:
    with pytest.raises(ValueError, match=r'^must be a number in quotes, as "5", not '):
        NUMBER.parse(value)


@pytest.mark.parametrize(
    ("text", "number"),
    [("4294967295", 2**32 - 1), ("99999999999", 1215752191), ("4294967296", 0), ("max", 2**32 - 1), ("MIN", 0), ("big_endian", 4321)],
)
def test_unsigned_numbers_wrap(text: str, number: int) -> None:
    assert COUNT.parse(text) == number


def test_wide_numbers() -> None:
    assert Unsigned(0, 0, 2**64 - 1, bits=64).parse("18446744073709551615") == 2**64 - 1
    assert Integer(-1, -1, 2**63 - 1, bits=64).parse("18446744073709551615") == -1
    with pytest.raises(ValueError, match="must be a number"):
        Unsigned(0, 0, 2**64 - 1, bits=64).parse("18446744073709551616")


def test_unsigned_numbers_have_no_sign() -> None:
    with pytest.raises(ValueError, match="must be a number without a sign"):
        COUNT.parse("-0")


@settings(deadline=None)
@given(number=st.integers())
def test_the_range(number: int) -> None:
    if -10 <= number <= 1000:
        assert NUMBER.parse(str(number)) == number
    elif -(2**31) <= number < 2**31:
        with pytest.raises(ValueError, match=r"outside -10\.\.1000"):
            NUMBER.parse(str(number))


@given(number=st.integers(0, 2**64 - 1), width=st.sampled_from([32, 64]))
def test_every_base_means_the_same(number: int, width: int) -> None:
    kind = Unsigned(0, 0, 2**width - 1, bits=width)
    assert {kind.parse(text) for text in (str(number), hex(number), f"0{number:o}")} == {number % 2**width}


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("12.5", 12.5), (".5", 0.5), ("1e2", 100), ("0x10", 16), ("0x1p3", 8), (" 7", 7), ("-0", 0)]
)
def test_fractions(text: str, number: float) -> None:
    assert RATIO.parse(text) == number


@pytest.mark.parametrize("value", ["", "1 ", "1,5", "inf", "1e39", "1e400", "0x1p9999", "1_0", "x", 5, None])
def test_no_fractions(value: object) -> None:
    with pytest.raises(ValueError, match="must be a number in quotes"):
        RATIO.parse(value)


def test_a_fraction_that_is_no_number_is_not_set() -> None:
    assert RATIO.parse("nan") == 0
    assert math.isnan(float("nan"))
    for text in ("-1", "256", "max", "min"):
        with pytest.raises(ValueError, match=r"outside 0\.\.255"):
            RATIO.parse(text)


@pytest.mark.parametrize(
    ("text", "truth"), [("true", True), ("Yes", True), ("1", True), ("T", True), ("FALSE", False), ("no", False), ("0", False)]
)
def test_truth_values(text: str, truth: bool) -> None:
    assert Boolean(default=False).parse(text) is truth


@pytest.mark.parametrize("value", ["", " true", "on", "2", "y", True, {}])
def test_no_truth_values(value: object) -> None:
    with pytest.raises(ValueError, match="must be "):
        Boolean(default=False).parse(value)


@pytest.mark.parametrize(("text", "number"), [("no", 0), ("upstream", 1), ("2", 2), ("0x1", 1), ("Leaky on downstream (old buffers)", 2)])
def test_choices(text: str, number: int) -> None:
    assert LEAKY.parse(text) == number


@pytest.mark.parametrize("text", ["", "3", "-1", "Upstream", "1 "])
def test_no_choices(text: str) -> None:
    with pytest.raises(ValueError, match="must be one of no, upstream, downstream"):
        LEAKY.parse(text)


def test_choices_in_any_case() -> None:
    assert Choice(0, ("bytes", "time"), any_case=True).parse("TIME") == 1


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        *(("any text", "any text"), ("", ""), ("a\0b", "a"), ('"a b"', "a b"), ('""', ""), ('"a\\"b"', 'a"b'), ('"\\101\\n"', "An")),
        *(('"a', '"a'), ('"', '"'), ('"a"b"', '"a"b"'), ('"\\1"', '"\\1"'), ('"\\377"', '"\\377"'), ('"流"', "流")),
    ],
)
def test_texts(text: str, meaning: str) -> None:
    assert Text().parse(text) == meaning


def test_objects_become_texts() -> None:
    assert Text().parse({"b": 1, "a": "流"}) == '{"a":"流","b":1}'
    assert Text(mapping=True).parse({"CLASS_NUM": "2"}) == {"CLASS_NUM": "2"}
    for value in (5, None, ["x"]):
        with pytest.raises(ValueError, match=r"^must be a text in quotes, not "):
            Text().parse(value)


def test_an_object_nested_too_deeply() -> None:
    value: dict[str, object] = {}
    for _ in range(100_000):
        value = {"a": value}
    with pytest.raises(ValueError, match="nested too deeply"):
        written(value)
