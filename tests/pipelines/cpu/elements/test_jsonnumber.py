import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cpu.elements.jsonnumber import number_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1", "1"),
        ("0", "0"),
        ("-0", "0"),
        ("0.5", "0.5"),
        ("1e-7", "1e-07"),
        ("123456.789", "123456.789"),
        ("1e20", "1e+20"),
        ("100", "100"),
        ("3.4028235e38", "3.40282347e+38"),
        ("1e-45", "1.40129846e-45"),
        ("1.1754944e-38", "1.17549435e-38"),
        ("1e-38", "9.99999935e-39"),
        ("0.1", "0.1"),
        ("16777216", "16777216"),
        ("1000000", "1000000.0"),
        ("-2e7", "-20000000.0"),
        ("1.5e14", "150000000000000.0"),
        ("999999", "999999"),
        ("-3.25", "-3.25"),
        ("1234567", "1234567"),
        ("12345678", "12345678"),
        ("123456789", "123456792"),
        ("0.001", "0.001"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("7.0000001", "7"),
        ("2.5e-5", "2.5e-05"),
        ("99999.5", "99999.5"),
        ("1e15", "1e+15"),
        ("1e16", "1e+16"),
        ("1e17", "1e+17"),
        ("33.333333", "33.3333321"),
        ("0.30000001192", "0.3"),
        ("8.52871704", "8.52871704"),
        ("0.665240943", "0.665240943"),
        ("11.46875", "11.46875"),
        ("nan", '"NaN"'),
        ("inf", '"Infinity"'),
        ("-inf", '"-Infinity"'),
    ],
)
def test_numbers_as_the_vendor_prints_them(value: str, text: str) -> None:
    assert number_text(float(np.float32(value))) == text


@settings(deadline=None)
@given(value=st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_every_number_reads_back_as_the_same_float(value: float) -> None:
    text = number_text(float(np.float32(value)))
    assert np.float32(json.loads(text)) == np.float32(value)
    assert len(text) <= len("-100000000000000.0")
